//! The pretrained side: a bundle read from disk and verified, and the encoder run on one message.

mod bundle;
mod encoder;
mod manifest;
mod reference;

pub(crate) use bundle::sha256;
pub use bundle::{Bundle, BundleError};
pub use encoder::{EncoderError, Reading};
pub(crate) use reference::text_key;
pub use reference::{Quantised, Reference, ReferenceRows};
