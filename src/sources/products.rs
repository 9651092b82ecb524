//! Products in a file that may be edited while it is served.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use crate::lookup::Lookup;
use crate::products::{self, Product, Products, Shelf};
use crate::shop::Category;
use crate::yaml::Findings;

/// Between two looks at the file.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file of products. Read again when it changes: a broken one is logged, and the products from before stay.
#[derive(Debug)]
pub struct ProductFile {
    path: PathBuf,
    categories: Vec<Category>,
    every: Duration,
    look: Mutex<Look>,
    shelf: RwLock<Arc<Shelf>>,
    /// How often it was taken up anew.
    edition: AtomicU64,
}

/// What tells one state of the file from another without reading it, and when somebody looked.
#[derive(Debug)]
struct Look {
    at: Instant,
    seen: Option<(SystemTime, u64)>,
}

/// Why a file of products cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// It cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Something in it is wrong.
    #[error("{0}")]
    Findings(Findings),
}

impl ProductFile {
    /// Reads a file. Without `categories`, products may be of any.
    ///
    /// # Errors
    /// When it cannot be read, and every problem in it.
    pub fn open(path: impl Into<PathBuf>, categories: Vec<Category>) -> Result<Self, BadFile> {
        let path = path.into();
        let look = Look { at: Instant::now(), seen: seen(&path) };
        let shelf = read(&path, &categories)?;
        let (look, shelf) = (Mutex::new(look), RwLock::new(Arc::new(shelf)));
        Ok(Self { path, categories, every: LOOK_EVERY, look, shelf, edition: AtomicU64::new(0) })
    }

    /// The same, with another time between two looks at the file.
    #[must_use]
    pub fn looking_every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// The products as they are in the file now.
    #[must_use]
    pub fn shelf(&self) -> Arc<Shelf> {
        self.look_again();
        Arc::clone(&self.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One caller looks, and reads what changed; the others go on with what was there.
    fn look_again(&self) {
        let Ok(mut look) = self.look.try_lock() else { return };
        if look.at.elapsed() < self.every {
            return;
        }
        look.at = Instant::now();
        let now = seen(&self.path);
        if now == look.seen {
            return;
        }
        look.seen = now;
        match read(&self.path, &self.categories) {
            Ok(shelf) => {
                tracing::info!(products = shelf.products().len(), "took up the edited products");
                *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shelf);
                // After the products: whoever sees the new number reads the new names.
                self.edition.fetch_add(1, Ordering::Release);
            }
            Err(error) => tracing::error!(%error, "the edited products are refused; those from before stay"),
        }
    }
}

impl Products for ProductFile {
    fn by_id(&self, id: &str) -> Lookup<Option<Product>> {
        self.shelf().by_id(id)
    }

    fn names(&self) -> Vec<(Option<String>, Vec<String>)> {
        self.shelf().names()
    }

    fn edition(&self) -> u64 {
        self.look_again();
        self.edition.load(Ordering::Acquire)
    }
}

fn read(path: &Path, categories: &[Category]) -> Result<Shelf, BadFile> {
    let unreadable = |error| BadFile::Unreadable { path: path.to_owned(), error };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    products::read(path, &text, categories).map(Shelf::new).map_err(BadFile::Findings)
}

fn seen(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
