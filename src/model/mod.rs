//! The pretrained side: a bundle read from disk and verified, and the encoder run on one message.

mod bundle;
mod encoder;
mod manifest;
mod reference;

pub use bundle::{Bundle, BundleError};
pub use encoder::{EncoderError, Reading};
pub use reference::{Quantised, Reference, ReferenceRows};
pub(crate) use bundle::sha256;
pub(crate) use reference::text_key;
