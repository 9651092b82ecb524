//! Bundles that must be refused: every message names the file and says what to do.

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use triage::config::Config;
use triage::model::{Bundle, BundleError};

use crate::{ENGINE, replace_once, shipped};

const FILES: [&str; 5] = ["encoder.onnx", "golden.jsonl", "manifest.yaml", "reference.safetensors", "tokenizer.json"];

/// What to do about a bundle whose files do not fit each other.
const AGAIN: &str = "; copy the whole bundle again, or pack it again";

/// A copy of the shipped bundle. The encoder is the same file on disk: it is replaced, never written to.
struct BundleCopy {
    folder: TempDir,
}

impl BundleCopy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shipped = Config::read(&shipped("config/triage.yaml")).unwrap().bundle;
        for name in FILES {
            let (from, to) = (shipped.join(name), folder.path().join(name));
            let linked = name == "encoder.onnx" && std::fs::hard_link(&from, &to).is_ok();
            if !linked {
                std::fs::copy(from, to).unwrap();
            }
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Puts a new file in the place of the old one.
    fn replace(&self, name: &str, bytes: &[u8]) {
        std::fs::remove_file(self.path(name)).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.bytes(name)).unwrap();
        self.replace(name, replace_once(&text, from, to).as_bytes());
    }

    /// A new file, and a manifest that knows it: damage that the hashes do not show.
    fn repack(&self, name: &str, bytes: &[u8]) {
        let hash = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let old = hash(&self.bytes(name));
        self.replace(name, bytes);
        self.edit("manifest.yaml", &old, &hash(bytes));
    }

    /// The first golden line, changed.
    fn change_golden(&self, key: &str, value: serde_json::Value) {
        let text = String::from_utf8(self.bytes("golden.jsonl")).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        let mut golden: serde_json::Value = serde_json::from_str(first).unwrap();
        golden[key] = value;
        self.repack("golden.jsonl", format!("{golden}\n{rest}").as_bytes());
    }

    fn refusal(&self) -> BundleError {
        match Bundle::open(self.folder.path()) {
            Ok(_) => panic!("the bundle was accepted"),
            Err(error) => error,
        }
    }
}

/// Opens a damaged copy and expects a message with all of these parts.
fn expect_refusal(what: &str, damage: impl Fn(&BundleCopy), parts: &[&str]) {
    let copy = BundleCopy::new();
    damage(&copy);
    let message = copy.refusal().to_string();
    for part in parts {
        assert!(message.contains(part), "{what}: no `{part}` in: {message}");
    }
}

#[test]
fn a_copy_is_as_good_as_the_original() {
    let copy = Bundle::open(BundleCopy::new().folder.path()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(copy.name(), ENGINE.bundle().name());
    assert_eq!(copy.dimensions(), ENGINE.bundle().dimensions());
}

#[test]
fn a_missing_file() {
    for name in FILES {
        let damage = |copy: &BundleCopy| std::fs::remove_file(copy.path(name)).unwrap();
        expect_refusal(
            name,
            damage,
            &["cannot read `", name, "a bundle is a folder as `triage bundle pack` leaves it"],
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let message = Bundle::open(&folder.path().join("gone")).err().unwrap().to_string();
    assert!(message.contains("cannot read `") && message.contains("manifest.yaml"), "{message}");
}

#[test]
fn a_flipped_byte() {
    for name in FILES.into_iter().filter(|name| *name != "manifest.yaml") {
        let damage = |copy: &BundleCopy| {
            let mut bytes = copy.bytes(name);
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            copy.replace(name, &bytes);
        };
        expect_refusal(name, damage, &[name, "has SHA-256", "the manifest says", "copy the bundle again"]);
    }
}

#[test]
fn a_file_cut_off() {
    let cut = |name: &'static str| {
        move |copy: &BundleCopy| {
            let bytes = copy.bytes(name);
            copy.replace(name, &bytes[..bytes.len() - 100]);
        }
    };
    expect_refusal("reference", cut("reference.safetensors"), &["reference.safetensors", "copy the bundle again"]);
    let pack = |name: &'static str, keep: fn(usize) -> usize| {
        move |copy: &BundleCopy| {
            let bytes = copy.bytes(name);
            copy.repack(name, &bytes[..keep(bytes.len())]);
        }
    };
    let again = "pack the bundle again";
    for (name, keep) in [
        ("reference.safetensors", (|length| length - 100) as fn(usize) -> usize),
        ("reference.safetensors", |_| 0),
        ("tokenizer.json", |length| length / 2),
        ("golden.jsonl", |length| length - 100),
        ("encoder.onnx", |length| length / 2),
        ("encoder.onnx", |_| 0),
    ] {
        expect_refusal(name, pack(name, keep), &[name, again]);
    }
}

#[test]
fn a_manifest_of_another_format() {
    let says = ["format 2", "this program reads 1", "use a bundle made for it"];
    expect_refusal("format", |copy| copy.edit("manifest.yaml", "\nformat: 1\n", "\nformat: 2\n"), &says);
}

#[test]
fn labels_in_another_order() {
    for (kind, from, to) in [
        ("emotions", "[neutral, positive,", "[positive, neutral,"),
        ("emotions", ", anger]", "]"),
        ("acts", "[ask, request,", "[request, ask,"),
    ] {
        let says = [&format!("`{kind}` are ["), "this program knows [", "in this order; use a bundle made for it"];
        expect_refusal(kind, |copy| copy.edit("manifest.yaml", from, to), &says);
    }
}

#[test]
fn a_manifest_that_is_wrong() {
    for (what, from, to, says) in [
        ("an unknown key", "\nversion:", "\ncolour: red\nversion:", "unknown-key: unknown key `colour`"),
        ("no dimensions", "\ndimensions:", "\n# dimensions:", "missing-key: key `dimensions` is missing"),
        ("no YAML", "\nemotions: [", "\nemotions: [[", "yaml"),
    ] {
        expect_refusal(what, |copy| copy.edit("manifest.yaml", from, to), &["manifest", "manifest.yaml:", says]);
    }
    let damage = |copy: &BundleCopy| copy.edit("manifest.yaml", "\n  golden.jsonl: ", "\n  # golden.jsonl: ");
    expect_refusal("a file without a hash", damage, &["golden.jsonl", "nothing of it", "pack it again"]);
}

#[test]
fn another_golden_line_than_the_model_says() {
    for (what, key, value) in [
        ("tokenisation", "ids", serde_json::json!([0, 7, 2])),
        ("vector", "vector", serde_json::json!([0.9, 0.9])),
        ("vector", "vector", serde_json::json!([])),
        ("emotion", "emotion", serde_json::json!([0.0, 1.0, 0.0, 0.0, 0.0])),
        ("tokenisation", "text", serde_json::json!("别的话")),
    ] {
        let says = ["golden input 1 of `", "golden.jsonl", &format!("another {what} than recorded"), AGAIN];
        expect_refusal(key, |copy| copy.change_golden(key, value.clone()), &says);
    }
    let damage = |copy: &BundleCopy| copy.repack("golden.jsonl", b"{\"text\":\"a\"}\n");
    expect_refusal("a line with keys missing", damage, &["golden.jsonl", "is broken", "pack the bundle again"]);
}

/// `BundleError` promises it of every message.
#[test]
fn also_these_refusals_say_what_to_do() {
    let golden = |copy: &BundleCopy| copy.change_golden("ids", serde_json::json!([0, 7, 2]));
    let manifest = |copy: &BundleCopy| copy.edit("manifest.yaml", "\nversion:", "\ncolour: red\nversion:");
    expect_refusal("golden", golden, &[AGAIN]);
    // Here the findings follow.
    expect_refusal("manifest", manifest, &["; copy the bundle again, or pack it again:\n"]);
}

/// Golden inputs prove that tokenizer, encoder and program fit each other; without any, nothing is proven.
#[test]
fn a_bundle_without_golden_inputs_proves_nothing() {
    expect_refusal("no golden lines", |copy| copy.repack("golden.jsonl", b""), &["golden.jsonl"]);
}
