use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Failure, without_personal_data};
use crate::catalogue::{Case, Intent};

/// A report that cannot be written as XML.
#[derive(Debug, thiserror::Error)]
#[error("the JUnit report cannot be written: {0}")]
pub struct ReportError(#[from] quick_junit::SerializeError);

/// The tests of some intents with their failures, as JUnit XML: one suite per intent. Personal data is masked.
///
/// # Errors
/// When the text cannot be put into XML.
pub fn junit(tested: &[(&Intent, Vec<Failure>)]) -> Result<String, ReportError> {
    let mut report = Report::new("triage test");
    for (intent, failures) in tested {
        let mut suite = TestSuite::new(intent.id.as_str());
        for (at, case) in intent.cases.iter().enumerate() {
            suite.add_test_case(entry(intent, case, failures.iter().find(|failure| failure.at == at)));
        }
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn entry(intent: &Intent, case: &Case, failure: Option<&Failure>) -> TestCase {
    let status = match failure {
        None => TestCaseStatus::success(),
        Some(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let problems: Vec<String> =
                failure.problems.iter().map(|problem| without_personal_data(&problem.to_string())).collect();
            status.set_message(problems.join("; "));
            status.set_type(failure.problems.first().map_or("", |problem| problem.key.id()));
            let candidates = failure.candidates.iter().map(|candidate| format!("intent {candidate}"));
            let reason = failure.reason.iter().map(|reason| format!("because {} ({})", reason.code, reason.detail));
            let place = format!("{}:{}", intent.file.display(), case.line);
            status.set_description(
                [place].into_iter().chain(problems).chain(candidates).chain(reason).collect::<Vec<_>>().join("\n"),
            );
            status
        }
    };
    let mut entry = TestCase::new(without_personal_data(&case.say), status);
    entry.set_classname(intent.id.as_str());
    // Not of the first JUnit, but what build servers read to link to the line.
    entry.extra.insert("file".into(), intent.file.display().to_string().into());
    entry.extra.insert("line".into(), case.line.to_string().into());
    entry
}
