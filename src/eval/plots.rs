//! The plots of a report as SVG whose text stays text: drawn by `plotters`, coloured by the page.

use std::io;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::classes::{Classification, LabelFigures};
use super::confidence::{Calibration, CalibrationBin, RiskCoverage};
use super::render::columns;
use super::report::Report;

/// Why a plot could not be drawn.
pub(super) type PlotError = DrawingAreaErrorKind<io::Error>;

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), PlotError>;

/// The colours by day. `page.html` names each of them to give it another by night, so they stand for a purpose.
const INK: RGBColor = RGBColor(0x1c, 0x1e, 0x21);
const PAPER: RGBColor = RGBColor(0xfe, 0xfe, 0xfd);
const FAINT: RGBColor = RGBColor(0xc9, 0xcd, 0xd2);
const RIGHT: RGBColor = RGBColor(0x1f, 0x6a, 0xa5);
const WRONG: RGBColor = RGBColor(0xb8, 0x4a, 0x0e);

/// Width of all plots but the confusion matrix: that of a telephone.
const WIDTH: u32 = 380;

/// Height of the two curves.
const HEIGHT: u32 = 300;

/// The side of a cell of the confusion matrix: four digits fit.
const CELL: i32 = 22;

/// The height of a bar with the gap to the next.
const BAR: i32 = 20;

/// Labels of the confusion matrix, at most.
pub(super) const MATRIX_LABELS: usize = 40;

/// Risks above this are not told apart: a curve that starts with a mistake would flatten all the rest.
const MAX_RISK: f64 = 0.5;

/// The plots of one report; none where there is nothing to plot.
#[derive(Debug, Default)]
pub(super) struct Plots {
    pub(super) confusion: Option<String>,
    pub(super) reliability: Option<String>,
    pub(super) risk_coverage: Option<String>,
    pub(super) intents: Option<String>,
    pub(super) emotions: Option<String>,
}

impl Plots {
    /// Draws all of them.
    pub(super) fn of(report: &Report) -> Result<Self, PlotError> {
        Ok(Self {
            confusion: confusion(&report.intents.classes)?,
            reliability: reliability(&report.calibration)?,
            risk_coverage: risk_coverage(&report.risk_coverage)?,
            intents: bars(&report.intents.classes)?,
            emotions: bars(&report.emotions.classes)?,
        })
    }
}

fn svg(size: (u32, u32), draw: impl FnOnce(&Canvas<'_>) -> Drawn) -> Result<Option<String>, PlotError> {
    let mut out = String::new();
    let canvas = SVGBackend::with_string(&mut out, size).into_drawing_area();
    draw(&canvas)?;
    canvas.present()?;
    drop(canvas);
    Ok(Some(out))
}

/// Text of this many pixels; `plotters` takes the height of a line instead, 1.24 times as much.
fn text(pixels: f64, color: RGBColor, (across, down): (HPos, VPos)) -> TextStyle<'static> {
    ("sans-serif", pixels * 1.24).into_font().color(&color).pos(Pos::new(across, down))
}

/// Pixels that a label takes in the size that labels have. `plotters` would count bytes, three for a Chinese character.
fn width(label: &str) -> i32 {
    // Of a line that is too long for any screen, the width does not matter.
    7 * i32::try_from(columns(label)).unwrap_or(i32::MAX / 8)
}

fn widest(labels: &[&LabelFigures]) -> i32 {
    // Longer ones are cut off at the edge rather than take the place of what they name.
    labels.iter().map(|figures| width(&figures.label)).max().unwrap_or(0).min(210)
}

/// What was taken for what: a row for each label of the gold, the most frequent first.
fn confusion(classes: &Classification) -> Result<Option<String>, PlotError> {
    let labels: Vec<&LabelFigures> = classes.labels.iter().take(MATRIX_LABELS).collect();
    if labels.is_empty() {
        return Ok(None);
    }
    let margin = widest(&labels) + 10;
    let side = (margin + CELL * labels.len() as i32 + 2).unsigned_abs();
    svg((side, side), |canvas| {
        let end = margin + CELL * labels.len() as i32;
        for (at, figures) in (0_i32..).zip(&labels) {
            let (edge, middle) = (margin + CELL * at, margin + CELL * at + CELL / 2);
            canvas.draw(&PathElement::new([(margin, edge), (end, edge)], FAINT))?;
            canvas.draw(&PathElement::new([(edge, margin), (edge, end)], FAINT))?;
            let row = text(12.0, INK, (HPos::Right, VPos::Center));
            canvas.draw(&Text::new(figures.label.as_str(), (margin - 5, middle), row))?;
            let column = text(12.0, INK, (HPos::Left, VPos::Center)).transform(FontTransform::Rotate270);
            canvas.draw(&Text::new(figures.label.as_str(), (middle, margin - 5), column))?;
            cell(canvas, (edge, edge), (hits(figures), figures.support), RIGHT)?;
        }
        let place = |label: &str| labels.iter().position(|figures| figures.label == label);
        for pair in &classes.confusion {
            let (Some(row), Some(column)) = (place(&pair.gold), place(&pair.predicted)) else { continue };
            let corner = (margin + CELL * column as i32, margin + CELL * row as i32);
            cell(canvas, corner, (pair.n, labels[row].support), WRONG)?;
        }
        canvas.draw(&Rectangle::new([(margin, margin), (end, end)], FAINT))
    })
}

/// Rows of a label that were told rightly: its recall is the share of them.
fn hits(figures: &LabelFigures) -> usize {
    figures.recall.map_or(0, |recall| (recall * figures.support as f64).round() as usize)
}

/// One cell, the stronger the larger its share of the row.
fn cell(canvas: &Canvas<'_>, (x, y): (i32, i32), (n, of): (usize, usize), color: RGBColor) -> Drawn {
    if n == 0 || of == 0 {
        return Ok(());
    }
    // Even one of a thousand is to be seen.
    let strength = 0.12 + 0.88 * n as f64 / of as f64;
    canvas.draw(&Rectangle::new([(x + 1, y + 1), (x + CELL, y + CELL)], color.mix(strength).filled()))?;
    let style = text(9.0, if strength > 0.7 { PAPER } else { INK }, (HPos::Center, VPos::Center));
    canvas.draw(&Text::new(n.to_string(), (x + CELL / 2, y + CELL / 2), style))
}

/// The score against the share that is right; a perfect one stays on the dashed line.
fn reliability(calibration: &Calibration) -> Result<Option<String>, PlotError> {
    let point = |bin: &CalibrationBin| (bin.mean_score, bin.right, bin.n);
    let points: Vec<(f64, f64, usize)> = calibration.bins.iter().map(point).collect();
    let Some(most) = points.iter().map(|(_, _, n)| *n).max() else { return Ok(None) };
    svg((WIDTH, HEIGHT), |canvas| {
        let mut chart = curve_area(canvas, 1.0)?;
        axes(&mut chart, ("mean score", "share right"))?;
        chart.draw_series(DashedLineSeries::new([(0.0, 0.0), (1.0, 1.0)], 4, 4, INK.into()))?;
        chart.draw_series(LineSeries::new(points.iter().map(|(score, right, _)| (*score, *right)), RIGHT))?;
        chart.draw_series(points.iter().map(|(score, right, n)| {
            let radius = (3.0 + 6.0 * (*n as f64 / most as f64).sqrt()).round() as i32;
            let style = text(10.0, INK, (HPos::Left, VPos::Top));
            EmptyElement::at((*score, *right))
                + Circle::new((0, 0), radius, RIGHT.filled())
                + Text::new(n.to_string(), (radius, radius - 2), style)
        }))?;
        Ok(())
    })
}

/// What share is wrong of what share is taken, with the stated risks marked where they are reached.
fn risk_coverage(figures: &RiskCoverage) -> Result<Option<String>, PlotError> {
    let Some(end) = figures.curve.last() else { return Ok(None) };
    let stated = figures.at.iter().map(|at| at.risk);
    // A fifth of room above, in steps of 5 %.
    let top = (stated.fold(end.risk, f64::max) * 1.2 * 20.0).ceil() / 20.0;
    let top = top.min(MAX_RISK);
    svg((WIDTH, HEIGHT), |canvas| {
        let mut chart = curve_area(canvas, top)?;
        axes(&mut chart, ("share taken, best scores first", "share of it that is wrong"))?;
        for at in figures.at.iter().filter(|at| at.risk <= top) {
            chart.draw_series(LineSeries::new([(0.0, at.risk), (1.0, at.risk)], WRONG.mix(0.5)))?;
            let style = text(10.0, WRONG, (HPos::Left, VPos::Center));
            let name = EmptyElement::at((1.0, at.risk)) + Text::new(format!("{:.0} %", at.risk * 100.0), (4, 0), style);
            chart.draw_series([name])?;
        }
        let points = figures.curve.iter().map(|point| (point.coverage, point.risk.min(top)));
        chart.draw_series(LineSeries::new(points, RIGHT.stroke_width(2)))?;
        let reached = figures.at.iter().filter_map(|at| Some((at.coverage.value?, at.risk)));
        chart.draw_series(reached.map(|place| Circle::new(place, 5, WRONG.filled())))?;
        Ok(())
    })
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// Axes from 0 to 1, and from 0 to `top`.
fn curve_area<'a, 'b>(canvas: &'a Canvas<'b>, top: f64) -> Result<Chart<'a, 'b>, PlotError> {
    let mut builder = ChartBuilder::on(canvas);
    builder.margin_top(12).margin_right(38).x_label_area_size(40).y_label_area_size(52);
    builder.build_cartesian_2d(0.0..1.0, 0.0..top)
}

fn axes(chart: &mut Chart<'_, '_>, (across, up): (&str, &str)) -> Drawn {
    let style = text(11.0, INK, (HPos::Center, VPos::Center));
    let mut mesh = chart.configure_mesh();
    mesh.max_light_lines(0).bold_line_style(FAINT.mix(0.5)).axis_style(FAINT);
    mesh.label_style(style.clone()).axis_desc_style(style).x_desc(across).y_desc(up);
    mesh.x_labels(6).y_labels(6).x_label_formatter(&|x| format!("{x:.1}")).y_label_formatter(&|y| format!("{y:.2}"));
    mesh.draw()
}

/// The F1 of each label that the gold has, the most frequent first.
fn bars(classes: &Classification) -> Result<Option<String>, PlotError> {
    let labels: Vec<&LabelFigures> = classes.labels.iter().filter(|figures| figures.f1.is_some()).collect();
    if labels.is_empty() {
        return Ok(None);
    }
    let (left, right) = (widest(&labels) + 8, WIDTH as i32 - 78);
    let height = (BAR * labels.len() as i32).unsigned_abs();
    svg((WIDTH, height), |canvas| {
        for (at, figures) in (0_i32..).zip(&labels) {
            let (middle, f1) = (BAR * at + BAR / 2, figures.f1.unwrap_or_default());
            let end = left + (f64::from(right - left) * f1).round() as i32;
            let (above, below) = (middle - BAR / 2 + 4, middle + BAR / 2 - 4);
            let name = text(12.0, INK, (HPos::Right, VPos::Center));
            canvas.draw(&Text::new(figures.label.as_str(), (left - 5, middle), name))?;
            canvas.draw(&Rectangle::new([(left, above), (right, below)], FAINT.mix(0.4).filled()))?;
            canvas.draw(&Rectangle::new([(left, above), (end, below)], RIGHT.filled()))?;
            let figure = text(11.0, INK, (HPos::Left, VPos::Center));
            canvas.draw(&Text::new(format!("{f1:.2}  n {}", figures.support), (right + 5, middle), figure))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::classes::classify;
    use crate::eval::confidence::{calibration, risk_coverage as curve};
    use crate::eval::ranking::Ranked;

    fn count(svg: &str, part: &str) -> usize {
        svg.matches(part).count()
    }

    #[test]
    fn matrix_has_a_cell_for_each_pair() {
        let drawn = confusion(&classify(&[("a", "a"), ("a", "a"), ("a", "b"), ("b", "b")])).unwrap().unwrap();
        // Two right, one wrong; each label names a row and a column.
        assert_eq!((count(&drawn, "fill=\"#1F6AA5\""), count(&drawn, "fill=\"#B84A0E\"")), (2, 1), "{drawn}");
        assert_eq!((count(&drawn, "\na\n"), count(&drawn, "\nb\n"), count(&drawn, "\n2\n")), (2, 2, 1), "{drawn}");
    }

    #[test]
    fn matrix_shows_the_most_frequent_labels() {
        let names: Vec<String> = (0..60).map(|at| format!("intent_{at}")).collect();
        let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), names[59].as_str())).collect();
        let drawn = confusion(&classify(&pairs)).unwrap().unwrap();
        assert_eq!(count(&drawn, "\nintent_"), 2 * MATRIX_LABELS);
    }

    #[test]
    fn labels_cannot_close_their_element() {
        let label = "</text><script>alert(1)</script>";
        let classes = classify(&[(label, "b")]);
        for drawn in [confusion(&classes), bars(&classes)] {
            let drawn = drawn.unwrap().unwrap();
            assert!(!drawn.contains("<script") && drawn.contains("&lt;script&gt;"), "{drawn}");
        }
    }

    #[test]
    fn labels_get_the_room_they_take() {
        assert_eq!((width("stock"), width("会员")), (35, 28));
    }

    #[test]
    fn curves_have_their_marks() {
        let ranked = Ranked::new([(0.9, true), (0.8, true), (0.7, false), (0.35, true)]);
        let drawn = reliability(&calibration(&ranked)).unwrap().unwrap();
        assert_eq!(count(&drawn, "<circle"), 4, "{drawn}");
        let drawn = risk_coverage(&curve(&ranked)).unwrap().unwrap();
        assert_eq!((count(&drawn, "<circle"), count(&drawn, "\n10 %\n")), (3, 1), "{drawn}");
    }

    #[test]
    fn a_curve_that_starts_with_a_mistake_stays_inside() {
        let rows = (0..100_u8).map(|at| (1.0 - f32::from(at) / 100.0, at > 0));
        let drawn = risk_coverage(&curve(&Ranked::new(rows))).unwrap().unwrap();
        assert!(!drawn.contains(",-") && !drawn.contains(" y=\"-"), "{drawn}");
        assert!(drawn.contains("\n0.10\n") && !drawn.contains("\n1.00\n"), "{drawn}");
    }

    #[test]
    fn nothing_gives_no_plot() {
        let none = Ranked::new([]);
        let all = [confusion(&classify(&[])), bars(&classify(&[])), reliability(&calibration(&none))];
        assert!(all.into_iter().chain([risk_coverage(&curve(&none))]).all(|drawn| drawn.unwrap().is_none()));
    }

    #[test]
    fn the_page_knows_every_colour() {
        let page = include_str!("page.html");
        for RGBColor(red, green, blue) in [INK, PAPER, FAINT, RIGHT, WRONG] {
            let color = format!("\"#{red:02X}{green:02X}{blue:02X}\"");
            assert!(page.contains(&color), "{color} has no colour by night");
        }
    }
}
