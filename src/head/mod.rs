//! The intent head: fitted in the process from the catalogue's examples, on the vectors of a bundle.

mod calibrate;
mod features;
mod fewshot;
mod fit;
mod logistic;
mod pack;

pub use calibrate::{Calibration, Held};
pub use features::{BUCKETS, Lexical};
pub use fewshot::FewShotHead;
pub use fit::{FitReport, IntentHead, IntentScore, Neighbour, Scores};
pub use logistic::{FitOptions, Linear, Rows, fit};
pub use pack::{Labelled, pack, reading_of};
