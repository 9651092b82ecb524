//! A report as one HTML page that needs nothing else: styles and plots are inside, and nothing is fetched.

use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context};

use super::plots::{MATRIX_LABELS, PlotError, Plots};
use super::report::Report;

/// The name decides about escaping: in `.html`, whatever a customer wrote is text.
const NAME: &str = "page.html";

const PAGE: &str = include_str!("page.html");

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Title<'a> {
    /// The bundle that was measured.
    pub bundle: &'a str,
    /// The labelled file that it was measured on.
    pub file: &'a str,
}

/// A page that could not be made: a bug of its template or of a plot, never the fault of the rows.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// A plot.
    #[error("a plot could not be drawn: {0}")]
    Plot(#[from] PlotError),
    /// The page around the plots.
    #[error("the page could not be rendered: {0}")]
    Template(#[from] minijinja::Error),
}

/// Writes a report as a page, with every wrong case.
///
/// # Errors
/// When a plot cannot be drawn or the template meets a value that it does not expect.
pub fn render_html(report: &Report, title: &Title<'_>) -> Result<String, PageError> {
    Ok(page(Value::from(Serde(report)), Plots::of(report)?, title)?)
}

/// The report comes as serde writes it, so that a field added to it needs no other place than the template.
fn page(report: Value, plots: Plots, title: &Title<'_>) -> Result<String, minijinja::Error> {
    let values = context! {
        title => context! { bundle => title.bundle, file => title.file },
        report,
        plots => context! {
            confusion => svg(plots.confusion),
            reliability => svg(plots.reliability),
            risk_coverage => svg(plots.risk_coverage),
            intents => svg(plots.intents),
            emotions => svg(plots.emotions),
        },
        matrix_labels => MATRIX_LABELS,
    };
    environment().render_named_str(NAME, PAGE, values)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("share", share);
    environment.add_filter("percent", percent);
    environment
}

/// Drawn by us, its texts escaped: not to be escaped again.
fn svg(plot: Option<String>) -> Option<Value> {
    plot.map(Value::from_safe_string)
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

fn percent(value: f64) -> String {
    format!("{:.0} %", value * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::sample::{outcomes, prediction, row};
    use crate::eval::{Prediction, Row};
    use crate::labels::Emotion;

    const TITLE: Title<'_> = Title { bundle: "small", file: "gold <1>.tsv" };

    fn report() -> Report {
        let mut rows: Vec<Row> = ["stock", "price", "会员", "price|coupon"].map(row).into();
        rows[1].text = "<script>alert('1')</script> & \"贵\"".to_owned();
        for row in &mut rows {
            row.emotion = Some(Emotion::Neutral);
        }
        let said: Vec<Prediction> = [("stock", 0.9), ("stock", 0.8), ("会员", 0.7), ("other", 0.6)]
            .map(|(top, score)| prediction(top, score))
            .into();
        Report::of(&outcomes(&rows, said))
    }

    fn sample() -> String {
        render_html(&report(), &TITLE).unwrap()
    }

    #[test]
    fn has_every_plot_and_every_wrong_case() {
        let page = sample();
        assert_eq!(page.matches("<svg ").count(), 5, "{page}");
        for id in ["confusion", "reliability", "risk-coverage", "intents", "emotions", "wrong"] {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}: {page}");
        }
        assert!(page.contains("<b>0.500</b>") && page.contains("[0.000, 1.000] · n&nbsp;4"), "{page}");
        assert_eq!(page.matches("<tr class=\"case\">").count(), 2, "{page}");
        assert!(page.contains("price|coupon") && page.contains(">0.80<"), "{page}");
    }

    #[test]
    fn shows_messages_as_text() {
        let page = sample();
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert("), "{page}");
        assert!(page.contains("gold &lt;1&gt;.tsv"), "{page}");
    }

    #[test]
    fn fetches_nothing() {
        let page = sample();
        for part in ["src=", "href=", "url(", "@import", "<link", "<iframe"] {
            assert!(!page.contains(part), "{part}");
        }
    }

    #[test]
    fn an_empty_report_is_a_page() {
        let page = render_html(&Report::of(&[]), &TITLE).unwrap();
        assert!(page.contains("0 rows") && page.contains("</html>"), "{page}");
        assert!(!page.contains("<svg ") && !page.contains("NaN") && !page.contains("id=\"wrong\""), "{page}");
    }

    #[test]
    fn is_the_same_every_time() {
        assert_eq!(sample(), sample());
    }

    #[test]
    fn shows_the_nearest_examples_where_there_are_any() {
        let page = |nearest: Value| {
            let case = context! { line => 2, text => "x", gold => "a", top => "b", score => 0.5, decision => "ask" };
            let wrong = vec![context! { ..nearest, ..case }];
            let report = context! { wrong, ..Value::from(Serde(Report::of(&[]))) };
            super::page(report, Plots::default(), &TITLE).unwrap()
        };
        let found = page(context! { nearest => vec!["有货吗", "<i>"] });
        assert!(found.contains("<li>有货吗</li>") && found.contains("<li>&lt;i&gt;</li>"), "{found}");
        for found in [page(context! {}), page(context! { nearest => Vec::<String>::new() })] {
            assert!(found.contains("class=\"case\"") && !found.contains("<li>"), "{found}");
        }
    }
}
