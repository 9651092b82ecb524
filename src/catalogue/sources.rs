use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A file's name and text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Where it was read, for messages.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The files of a catalogue, read but not looked at.
#[derive(Debug, Clone)]
pub struct Sources {
    /// `intents/*.yaml`, by name.
    pub intents: Vec<SourceFile>,
    /// `config/policy.yaml`.
    pub policy: SourceFile,
    /// `config/shop.yaml`.
    pub shop: SourceFile,
}

impl Sources {
    /// Reads the files.
    ///
    /// # Errors
    /// The path that cannot be read, and why.
    pub fn read(intents: &Path, policy: &Path, shop: &Path) -> Result<Self, std::io::Error> {
        let listing = std::fs::read_dir(intents).map_err(|error| at(intents, &error))?;
        let mut paths = Vec::new();
        for entry in listing {
            let path = entry.map_err(|error| at(intents, &error))?.path();
            // Editors leave hidden files behind.
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if !hidden && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(Self {
            intents: paths.iter().map(|path| read(path)).collect::<Result<_, _>>()?,
            policy: read(policy)?,
            shop: read(shop)?,
        })
    }

    /// SHA-256 over names and texts, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for file in self.files() {
            hash.update(file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default());
            hash.update([0]);
            hash.update((file.text.len() as u64).to_le_bytes());
            hash.update(&file.text);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Sources {
    /// All files: intents, policy, shop.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.intents.iter().chain([&self.policy, &self.shop])
    }

    /// The intents' files that differ from others or that those do not have; `None` if policy or shop differ.
    #[must_use]
    pub fn changed_intents(&self, others: &Self) -> Option<Vec<&Path>> {
        if self.policy.text != others.policy.text || self.shop.text != others.shop.text {
            return None;
        }
        let is_known = |file: &&SourceFile| others.intents.iter().any(|o| o.path == file.path && o.text == file.text);
        Some(self.intents.iter().filter(|file| !is_known(file)).map(|file| file.path.as_path()).collect())
    }
}

fn read(path: &Path) -> Result<SourceFile, std::io::Error> {
    let text = std::fs::read_to_string(path).map_err(|error| at(path, &error))?;
    Ok(SourceFile { path: path.to_owned(), text })
}

fn at(path: &Path, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("cannot read `{}`: {error}", path.display()))
}
