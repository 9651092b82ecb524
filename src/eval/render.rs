//! A report as aligned plain text.

use super::classes::{Classification, LabelFigures};
use super::confidence::{Calibration, CalibrationBin, RiskCoverage};
use super::estimate::Estimate;
use super::live::LiveFigures;
use super::metrics::{EmotionFigures, OutOfScopeFigures};
use super::report::{LanguageFigures, Report, WrongCase};

/// Confusions listed at most; JSON has all.
const CONFUSIONS: usize = 15;

/// Characters of a message shown in the list of wrong cases.
const TEXT_WIDTH: usize = 60;

/// Writes a report for a terminal, with at most `wrong_limit` wrong cases.
#[must_use]
pub fn render_text(report: &Report, wrong_limit: usize) -> String {
    let mut lines = vec![format!("{} rows; intervals are 95 %, by bootstrap over rows", report.rows)];
    intents(&mut lines, report);
    live(&mut lines, &report.live);
    out_of_scope(&mut lines, &report.out_of_scope);
    emotions(&mut lines, &report.emotions);
    languages(&mut lines, &report.languages);
    calibration(&mut lines, &report.calibration);
    risk_coverage(&mut lines, &report.risk_coverage);
    wrong(&mut lines, &report.wrong, wrong_limit);
    lines.push(String::new());
    lines.join("\n")
}

fn section(lines: &mut Vec<String>, title: &str) {
    lines.extend([String::new(), title.to_owned()]);
}

/// `name  0.912  [0.884, 0.938]  n 420  note`.
fn figure(lines: &mut Vec<String>, name: &str, estimate: &Estimate, note: &str) {
    let interval = match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("[{low:.3}, {high:.3}]"),
        _ => String::new(),
    };
    let line = format!("  {name:<34}{:>5}  {interval:<14}  n {:<6}{note}", share(estimate.value), estimate.n);
    lines.push(line.trim_end().to_owned());
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

fn intents(lines: &mut Vec<String>, report: &Report) {
    let figures = &report.intents;
    section(lines, "Intents: best label, no threshold");
    if figures.classes.accuracy.n == 0 {
        return lines.push("  no row has an accepted intent".to_owned());
    }
    figure(lines, "accuracy", &figures.classes.accuracy, "");
    figure(lines, "accuracy, business rows", &figures.business_accuracy, "");
    let note = format!("over the {} labels in the gold", figures.classes.macro_labels);
    figure(lines, "macro-F1", &figures.classes.macro_f1, &note);
    classes(lines, &figures.classes);
}

fn classes(lines: &mut Vec<String>, classes: &Classification) {
    let width = classes.labels.iter().map(|label| columns(&label.label)).max().unwrap_or(0).max(5);
    lines.push(String::new());
    let padding = " ".repeat(width - 5);
    lines.push(format!("  label{padding}  precision  recall     F1    gold  predicted"));
    lines.extend(classes.labels.iter().map(|label| label_line(label, width)));
    if classes.confusion.is_empty() {
        return;
    }
    lines.extend([String::new(), "  most frequent mistakes: gold → predicted".to_owned()]);
    let shown = classes.confusion.iter().take(CONFUSIONS);
    lines.extend(shown.map(|pair| format!("  {:>5}  {} → {}", pair.n, pair.gold, pair.predicted)));
    more(lines, classes.confusion.len(), CONFUSIONS);
}

fn label_line(label: &LabelFigures, width: usize) -> String {
    let padding = " ".repeat(width.saturating_sub(columns(&label.label)));
    let [precision, recall, f1] = [label.precision, label.recall, label.f1].map(share);
    format!(
        "  {}{padding}  {precision:>9}  {recall:>6}  {f1:>5}  {:>6}  {:>9}",
        label.label, label.support, label.predicted
    )
}

fn more(lines: &mut Vec<String>, all: usize, shown: usize) {
    if all > shown {
        lines.push(format!("  … and {} more", all - shown));
    }
}

fn live(lines: &mut Vec<String>, figures: &LiveFigures) {
    section(lines, "Live decision");
    let counts = figures.decisions;
    lines.push(format!(
        "  answer {}, ask {}, hand-off {}, silent {}",
        counts.answer, counts.ask, counts.handoff, counts.silent
    ));
    let auto = &figures.auto_answer;
    figure(lines, "auto-answer precision", &auto.precision, "business rows answered");
    let note = format!("and {} stray answer(s) to rows that are no business", auto.strays);
    figure(lines, "auto-answer precision, strays too", &auto.precision_with_strays, &note);
    let note = match auto.without_handoff_label {
        0 => format!("business rows that no person should take; {} that need a hand left out", auto.needs_a_hand),
        n => format!("business rows; {n} have no hand-off label and are taken for `no`"),
    };
    figure(lines, "auto-answer coverage", &auto.coverage, &note);
    figure(lines, "social rows, answers right", &auto.social_precision, "");
    figure(lines, "decided rows, every intent right", &figures.decided_rightly, "");
    figure(lines, "abstained", &figures.abstained, "of the rows with an accepted intent");
    figure(lines, "abstained rightly", &figures.abstained_rightly, "gold is `other`");
    let note = format!("{} `maybe` left out", figures.handoff.maybe_left_out);
    figure(lines, "hand-off precision", &figures.handoff.precision, &note);
    figure(lines, "hand-off recall", &figures.handoff.recall, "");
}

fn emotions(lines: &mut Vec<String>, figures: &EmotionFigures) {
    section(lines, "Emotions");
    if figures.classes.accuracy.n == 0 {
        return lines.push("  no row has an emotion".to_owned());
    }
    figure(lines, "accuracy", &figures.classes.accuracy, "");
    let absent: Vec<&str> = figures.left_out.iter().map(|emotion| emotion.id()).collect();
    let note = if absent.is_empty() { String::new() } else { format!("not in the gold: {}", absent.join(", ")) };
    figure(lines, "macro-F1", &figures.classes.macro_f1, &note);
    let note = format!("{} upset, {} not", figures.upset.upset, figures.upset.calm);
    figure(lines, "upset: average precision", &figures.upset.average_precision, &note);
    for at in &figures.upset.recall_at {
        let name = format!("upset: recall at {:.0} % false alarms", at.false_alarms * 100.0);
        figure(lines, &name, &at.recall, &threshold(at.threshold));
    }
    classes(lines, &figures.classes);
}

fn out_of_scope(lines: &mut Vec<String>, figures: &OutOfScopeFigures) {
    if figures.foreign == 0 || figures.business == 0 {
        return;
    }
    section(lines, "Out of scope");
    let note = format!("{} that are only `other`, {} business", figures.foreign, figures.business);
    figure(lines, "average precision", &figures.average_precision, &note);
    let name = format!("recall, {:.0} % of business kept", (1.0 - figures.recall.false_alarms) * 100.0);
    figure(lines, &name, &figures.recall.recall, &threshold(figures.recall.threshold));
}

fn languages(lines: &mut Vec<String>, languages: &[LanguageFigures]) {
    if languages.len() < 2 {
        return;
    }
    section(lines, "By language");
    for figures in languages {
        let name = |what: &str| format!("{} {what}", figures.language);
        figure(lines, &name("intent accuracy"), &figures.intent_accuracy, "");
        figure(lines, &name("emotion macro-F1"), &figures.emotion_macro_f1, "");
        figure(lines, &name("upset AP"), &figures.upset_average_precision, "");
    }
}

fn threshold(score: Option<f32>) -> String {
    score.map_or_else(|| "no score is safe enough".to_owned(), |score| format!("from score {score:.3} on"))
}

fn calibration(lines: &mut Vec<String>, figures: &Calibration) {
    section(lines, "Calibration of the best intent's score");
    figure(lines, "expected calibration error", &figures.error, "");
    lines.extend(figures.bins.iter().map(|bin| {
        let CalibrationBin { low, high, n, mean_score, right } = bin;
        format!("  {low:.3}–{high:.3}  score {mean_score:.3}  right {right:.3}  n {n}")
    }));
}

fn risk_coverage(lines: &mut Vec<String>, figures: &RiskCoverage) {
    section(lines, "Coverage at a stated risk, by the best intent's score");
    for at in &figures.at {
        let note = if at.coverage.n > 0 { threshold(at.threshold) } else { String::new() };
        figure(lines, &format!("at most {:.0} % wrong", at.risk * 100.0), &at.coverage, &note);
    }
}

fn wrong(lines: &mut Vec<String>, cases: &[WrongCase], limit: usize) {
    if cases.is_empty() || limit == 0 {
        return;
    }
    section(lines, &format!("Wrong: {} (line, gold → best label, score, decision, message)", cases.len()));
    let pairs: Vec<String> = cases.iter().take(limit).map(|case| format!("{} → {}", case.gold, case.top)).collect();
    let width = pairs.iter().map(|pair| columns(pair)).max().unwrap_or(0);
    for (case, pair) in cases.iter().zip(&pairs) {
        let score = case.score.map_or_else(|| "–".to_owned(), |score| format!("{score:.2}"));
        let padding = " ".repeat(width - columns(pair));
        let (decision, text) = (case.decision.id(), one_line(&case.text));
        lines.push(format!("  {:>5}  {pair}{padding}  {score:>4}  {decision:<7}  {text}", case.line));
    }
    more(lines, cases.len(), limit);
}

/// The start of a message, without anything that moves the cursor.
fn one_line(text: &str) -> String {
    let mut line: String = text.chars().take(TEXT_WIDTH).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(TEXT_WIDTH).is_some() {
        line.push('…');
    }
    line
}

/// Columns that a text takes in a terminal: Chinese characters and full-width forms take two.
pub(super) fn columns(text: &str) -> usize {
    let wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::sample::{outcomes, prediction, row};
    use crate::eval::{Dataset, Row};

    #[test]
    fn shows_figures_and_wrong_cases() {
        let mut rows: Vec<Row> = ["stock", "price", "会员", "price"].map(row).into();
        rows[1].text = "贵\n了".repeat(40);
        let said = vec![
            prediction("stock", 0.9),
            prediction("stock", 0.8),
            prediction("会员", 0.7),
            prediction("coupon", 0.6),
        ];
        let text = render_text(&Report::of(&outcomes(&rows, said)), 1);
        assert!(text.starts_with("4 rows; "), "{text}");
        assert!(text.contains("\n  accuracy                          0.500  [0.000, 1.000]  n 4\n"), "{text}");
        assert!(text.contains("\n  会员        1.000   1.000  1.000       1          1\n"), "{text}");
        assert!(text.contains("\n      1  price → coupon\n"), "{text}");
        assert!(text.contains("price → stock  0.80  answer   贵 了贵"), "{text}");
        assert!(text.contains("了…\n  … and 1 more\n"), "{text}");
        assert!(text.contains("no row has an emotion") && !text.contains("NaN"), "{text}");
    }

    #[test]
    fn shows_an_empty_report() {
        let dataset = Dataset::default();
        let text = render_text(&Report::of(&outcomes(&dataset.rows, Vec::new())), 10);
        assert!(text.contains("no row has an accepted intent") && !text.contains("NaN"), "{text}");
        assert!(!text.contains("Wrong"), "{text}");
    }
}
