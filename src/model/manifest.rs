use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// `manifest.yaml` of a bundle, as written by `training/export.py` and `triage bundle pack`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) name: String,
    pub(super) version: String,
    /// Length of a sentence vector.
    #[schemars(range(min = 8, max = 4096))]
    pub(super) dimensions: usize,
    /// Tokens read of a message, its ends included; longer ones are cut.
    #[schemars(range(min = 8, max = 512))]
    pub(super) max_tokens: usize,
    /// In the order of the model's outputs.
    pub(super) emotions: Vec<String>,
    pub(super) acts: Vec<String>,
    pub(super) head: HeadSettings,
    /// File name to SHA-256.
    pub(super) files: BTreeMap<String, String>,
    /// For people.
    #[expect(dead_code, reason = "documentation kept beside the weights")]
    pub(super) licence: String,
    #[expect(dead_code, reason = "documentation kept beside the weights")]
    pub(super) provenance: Vec<String>,
}

/// How the intent head is fitted on this encoder's vectors; chosen by cross-validation when the bundle was made.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadSettings {
    /// What vectors are multiplied by.
    #[schemars(range(min = 0.01, max = 100.0))]
    pub(crate) vector_scale: f32,
    /// What lexical features are multiplied by.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub(crate) lexical_scale: f32,
    /// Pull towards the prior.
    #[schemars(range(min = 0.0001, max = 1000.0))]
    pub(crate) l2: f32,
    /// Pull towards zero where there is no prior to start from.
    #[schemars(range(min = 0.0001, max = 1000.0))]
    pub(crate) fresh_l2: f32,
    /// Pull towards zero of the prior itself.
    #[schemars(range(min = 0.0001, max = 1000.0))]
    pub(crate) prior_l2: f32,
    /// How much a background row counts against an example.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub(crate) background_weight: f32,
}
