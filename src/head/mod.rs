//! The intent head: fitted in the process from the catalogue's examples, on the vectors of a bundle.

mod base;
mod calibrate;
mod features;
mod fewshot;
mod fit;
mod lbfgs;
mod logistic;
mod overlay;
mod pack;
mod prior;
mod samples;
mod validation;

pub use calibrate::{Calibration, Held};
pub use features::{BUCKETS, Lexical};
pub use fewshot::FewShotHead;
pub use fit::{FitReport, IntentHead, IntentScore, Neighbour, Scores};
pub use logistic::{FitOptions, Fitted, Linear, Rows, fit};
pub use pack::{Labelled, pack, reading_of};
pub use prior::{Prior, Start};
pub use samples::{Closest, Other, Samples};
