//! Findings in SARIF 2.1.0 (OASIS), for code hosts and editors that show them beside the lines.

use serde_json::{Value, json};

use crate::yaml::{Findings, Severity};

/// One run with all findings.
#[must_use]
pub fn report(findings: &Findings) -> Value {
    let mut codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> =
        codes.iter().map(|code| json!({ "id": code, "help": { "text": super::page(code).unwrap_or(code) } })).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let level = if finding.severity == Severity::Error { "error" } else { "warning" };
            json!({
                "ruleId": finding.code,
                "level": level,
                "message": { "text": finding.message },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": finding.file.to_string_lossy().replace('\\', "/") },
                    "region": { "startLine": finding.place.line, "startColumn": finding.place.column },
                }}],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "triage lint", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    })
}
