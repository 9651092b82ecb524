//! The policy's own texts.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flag::Flag;
use super::intent::Wording;
use super::raw::Wordings;
use super::template::{Scope, Template};
use crate::yaml::{Document, Findings};

/// The policy's own texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the keys of `texts` in policy.yaml")]
pub enum TextKey {
    HandoffUserRequest,
    HandoffUpset,
    HandoffSensitive,
    HandoffGeneral,
    Apology,
    Urgent,
    OfferPerson,
    Ambiguous,
    OutOfScope,
    LowConfidence,
    Closing,
    OrderReceived,
    AttachmentReceived,
    HandoffNotHelped,
    SuggestionReceived,
    Coming,
    Overdue,
    Introduction,
    NobodyOnline,
    WhichOrder,
    OrderProof,
    OrderProofWrong,
    HandoffOrderProof,
    OrderProofPaused,
}

impl TextKey {
    pub(super) const ALL: [Self; 24] = [
        Self::HandoffUserRequest,
        Self::HandoffUpset,
        Self::HandoffSensitive,
        Self::HandoffGeneral,
        Self::Apology,
        Self::Urgent,
        Self::OfferPerson,
        Self::Ambiguous,
        Self::OutOfScope,
        Self::LowConfidence,
        Self::Closing,
        Self::OrderReceived,
        Self::AttachmentReceived,
        Self::HandoffNotHelped,
        Self::SuggestionReceived,
        Self::Coming,
        Self::Overdue,
        Self::Introduction,
        Self::NobodyOnline,
        Self::WhichOrder,
        Self::OrderProof,
        Self::OrderProofWrong,
        Self::HandoffOrderProof,
        Self::OrderProofPaused,
    ];

    /// What its texts may name, beside the shop.
    fn scope(self, shop: Option<&BTreeSet<String>>) -> Scope<'_> {
        let handoff = matches!(
            self,
            Self::HandoffUserRequest
                | Self::HandoffUpset
                | Self::HandoffSensitive
                | Self::HandoffGeneral
                | Self::AttachmentReceived
                | Self::HandoffNotHelped
                | Self::SuggestionReceived
                | Self::Coming
                | Self::Overdue
                | Self::NobodyOnline
                | Self::HandoffOrderProof
        );
        let slots = if self == Self::OrderReceived { vec!["order_number"] } else { Vec::new() };
        let extra: &[&str] = match self {
            Self::Ambiguous | Self::WhichOrder => &["choices"],
            Self::NobodyOnline => &["handoff.opens_at"],
            _ => &[],
        };
        let flags: &[Flag] = &[];
        Scope { shop, slots, handoff, flags, extra }
    }
}

/// All texts, checked and compiled; none if one is missing.
pub(super) fn check(
    raw: &BTreeMap<String, Wordings>,
    shop: Option<&BTreeSet<String>>,
    document: &Document,
    findings: &mut Findings,
) -> Option<BTreeMap<TextKey, Wording>> {
    let mut out = BTreeMap::new();
    let known: Vec<String> =
        TextKey::ALL.iter().filter_map(|key| Some(serde_json::to_value(key).ok()?.as_str()?.to_owned())).collect();
    for name in raw.keys().filter(|name| !known.contains(name)) {
        let message = format!("unknown text `{name}`; allowed: {}", known.join(", "));
        findings.add(&document.file, document.place(&format!("/texts/{name}")), "unknown-key", message);
    }
    for key in TextKey::ALL {
        let name = serde_json::to_value(key).ok()?.as_str()?.to_owned();
        let Some(wordings) = raw.get(&name) else {
            let message = format!("text `{name}` is missing");
            findings.add(&document.file, document.place("/texts"), "missing-key", message);
            continue;
        };
        out.insert(key, wording(wordings, &key.scope(shop), (document, &format!("/texts/{name}")), findings));
    }
    (out.len() == TextKey::ALL.len()).then_some(out)
}

/// Compiles the wordings of both languages.
pub(super) fn wording(
    raw: &Wordings,
    scope: &Scope<'_>,
    (document, pointer): (&Document, &str),
    findings: &mut Findings,
) -> Wording {
    let mut compile = |texts: &[String], language: &str| {
        let texts = texts.iter().enumerate();
        texts
            .map(|(at, text)| Template::check(text, scope, (document, &format!("{pointer}/{language}/{at}")), findings))
            .collect()
    };
    Wording { zh: compile(&raw.zh, "zh"), en: compile(&raw.en, "en") }
}
