//! The report as a picture: cost against quality.

use super::{
    labels::{Labels, Rectangle},
    report::Report,
    svg::{Anchor, Stroke, Svg},
};

const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 560.0;
const FRAME: Rectangle = Rectangle { left: 78.0, top: 70.0, right: 668.0, bottom: 490.0 };
const LEGEND_LEFT: f64 = 692.0;
const LEGEND_RIGHT: f64 = 900.0;

const AXIS: Stroke = Stroke { colour: "#4d4d4d", width: 1.0, dashes: "none" };
const GRID: Stroke = Stroke { colour: "#e3e3e3", width: 1.0, dashes: "none" };

/// A curve of the plot, in the order of drawing: the router's lies on top. The colours are Okabe and Ito's, which
/// colour-blind people can tell apart.
struct Look {
    name: &'static str,
    label: &'static str,
    stroke: Stroke,
}

const LOOKS: [Look; 5] = [
    look("random", "random mix", "#6e6e6e", 1.5, "3 4"),
    look("oracle", "oracle", "#009e73", 2.0, "10 3 2 3"),
    look("prompt_length", "prompt length", "#cc79a7", 2.0, "2 2"),
    look("nearest_5", "nearest five", "#d55e00", 2.0, "7 3"),
    look("router", "router", "#0072b2", 3.0, "none"),
];

const fn look(
    name: &'static str,
    label: &'static str,
    colour: &'static str,
    width: f64,
    dashes: &'static str,
) -> Look {
    Look { name, label, stroke: Stroke { colour, width, dashes } }
}

impl Report {
    /// Cost against quality of the router, of its baselines, of every single model and of the dial, as an SVG file
    /// of 920 by 560 pixels that needs nothing else.
    #[must_use]
    pub fn plot(&self) -> String {
        let scale = Scale::of(self);
        let mut svg = Svg::new(WIDTH, HEIGHT, "Cost against quality");
        self.draw_heading(&mut svg);
        self.draw_axes(&mut svg, &scale);
        self.draw_curves(&mut svg, &scale);
        self.draw_points(&mut svg, &scale);
        self.draw_legend(&mut svg);
        svg.finish()
    }

    fn draw_heading(&self, svg: &mut Svg) {
        let rows = self.rows;
        let area = self.router.get("apgr").map_or_else(String::new, |figure| {
            let interval = figure.interval.map(|[low, high]| format!(" ({low:.3} to {high:.3})"));
            format!("area {:.3}{}, ", figure.value, interval.unwrap_or_default())
        });
        svg.text((FRAME.left, 30.0), Anchor::Start, 18, "Cost against quality");
        svg.text((FRAME.left, 52.0), Anchor::Start, 13, &format!("router: {area}{rows} rows"));
    }

    fn draw_axes(&self, svg: &mut Svg, scale: &Scale) {
        let premium = self.line_up.tiers().last().copied().unwrap_or_default();
        for tick in ticks(0.0, 1.0) {
            let (x, _) = scale.place((tick, scale.lowest));
            svg.line(&[(x, FRAME.top), (x, FRAME.bottom)], GRID);
            svg.text((x, FRAME.bottom + 18.0), Anchor::Middle, 12, &percent(tick));
        }
        for tick in ticks(scale.lowest, scale.highest) {
            let (_, y) = scale.place((0.0, tick));
            svg.line(&[(FRAME.left, y), (FRAME.right, y)], GRID);
            svg.text((FRAME.left - 8.0, y + 4.0), Anchor::End, 12, &percent(tick));
        }
        let corner = (FRAME.left, FRAME.bottom);
        svg.line(&[(FRAME.left, FRAME.top), corner, (FRAME.right, FRAME.bottom)], AXIS);
        let across = if self.line_up.is_pair() {
            format!("share of questions sent to {premium}")
        } else {
            format!("cost, as a share of always {premium}")
        };
        let middle = (FRAME.left + FRAME.right) / 2.0;
        svg.text((middle, FRAME.bottom + 44.0), Anchor::Middle, 13, &across);
        let up = format!("quality, as a share of {premium}'s mean score");
        svg.upright_text((24.0, (FRAME.top + FRAME.bottom) / 2.0), 13, &up);
    }

    fn draw_curves(&self, svg: &mut Svg, scale: &Scale) {
        for (look, points) in self.looks() {
            svg.line(&scale.places(points), look.stroke);
        }
    }

    fn draw_points(&self, svg: &mut Svg, scale: &Scale) {
        let mut labels = Labels::within(FRAME);
        for (_, points) in self.looks() {
            labels.avoid_line(&scale.places(points));
        }
        let dial = self.drawing.dial.map(|dial| (scale.place(dial), self.dial_label(dial)));
        let names = self.drawing.models.iter().zip(self.line_up.tiers());
        let models =
            names.map(|((model, at), tier)| (scale.place(*at), format!("{model} ({tier})")));
        let marks: Vec<((f64, f64), String)> = models.collect();
        for (mark, _) in marks.iter().chain(&dial) {
            labels.avoid_mark(*mark);
        }
        for (mark, label) in dial.iter().chain(&marks) {
            labels.draw(svg, *mark, label);
        }
        for (mark, _) in &marks {
            svg.dot(*mark);
        }
        if let Some((mark, _)) = &dial {
            svg.diamond(*mark);
        }
    }

    fn dial_label(&self, (across, quality): (f64, f64)) -> String {
        let target = self.dial_target.map(|target| format!(" {target}")).unwrap_or_default();
        format!("dial{target}: {:.1} % for {:.1} %", quality * 100.0, across * 100.0)
    }

    fn draw_legend(&self, svg: &mut Svg) {
        let mut y = FRAME.top + 10.0;
        svg.text((LEGEND_RIGHT, y), Anchor::End, 12, "area (apgr)");
        let looks: Vec<_> = self.looks().collect();
        for (look, _) in looks.iter().rev() {
            y += 24.0;
            svg.line(&[(LEGEND_LEFT, y - 4.0), (LEGEND_LEFT + 40.0, y - 4.0)], look.stroke);
            let figures =
                if look.name == "router" { Some(&self.router) } else { self.baseline(look.name) };
            let area = figures.and_then(|figures| figures.get("apgr"));
            svg.text((LEGEND_LEFT + 50.0, y), Anchor::Start, 13, look.label);
            if let Some(area) = area {
                svg.text((LEGEND_RIGHT, y), Anchor::End, 13, &format!("{:.3}", area.value));
            }
        }
        y += 34.0;
        svg.dot((LEGEND_LEFT + 20.0, y - 4.0));
        svg.text((LEGEND_LEFT + 50.0, y), Anchor::Start, 13, "one model for all");
        if self.drawing.dial.is_some() {
            y += 24.0;
            svg.diamond((LEGEND_LEFT + 20.0, y - 4.0));
            svg.text((LEGEND_LEFT + 50.0, y), Anchor::Start, 13, "dial: quality for cost");
        }
    }

    /// The curves that are drawn, from the lowest to the topmost.
    fn looks(&self) -> impl Iterator<Item = (&'static Look, &[(f64, f64)])> {
        LOOKS.iter().filter_map(|look| {
            let mut curves = self.drawing.curves.iter();
            let (_, points) = curves.find(|(name, _)| *name == look.name)?;
            Some((look, points.as_slice()))
        })
    }
}

/// From cost and quality to pixels.
struct Scale {
    lowest: f64,
    highest: f64,
}

impl Scale {
    fn of(report: &Report) -> Self {
        let curves = report.looks().flat_map(|(_, points)| points.iter().copied());
        let models = report.drawing.models.iter().map(|(_, at)| *at);
        let qualities = curves.chain(models).chain(report.drawing.dial).map(|(_, quality)| quality);
        let (lowest, highest) = qualities.fold((1.0_f64, 1.0_f64), |(lowest, highest), quality| {
            (lowest.min(quality), highest.max(quality))
        });
        let room = (highest - lowest).max(0.01) * 0.06;
        Self { lowest: lowest - room, highest: highest + room }
    }

    fn place(&self, (across, quality): (f64, f64)) -> (f64, f64) {
        let up = (quality - self.lowest) / (self.highest - self.lowest);
        (
            FRAME.left + across * (FRAME.right - FRAME.left),
            FRAME.bottom - up * (FRAME.bottom - FRAME.top),
        )
    }

    fn places(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().map(|point| self.place(*point)).collect()
    }
}

/// Round numbers from `low` to `high`, four to nine of them.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    const FEWEST: f64 = 4.0;
    let width = high - low;
    let power = 10_f64.powf((width / FEWEST).log10().floor());
    let step = [5.0, 2.0, 1.0].map(|times| times * power);
    let step = step.into_iter().find(|step| width / step >= FEWEST).unwrap_or(power);
    let (first, last) = ((low / step).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last).map(|count| count as f64 * step).collect()
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let whole = (percent - percent.round()).abs() < 1e-6;
    // A rounded negative zero would be written as one.
    let percent = percent + 0.0;
    if whole { format!("{:.0} %", percent.round() + 0.0) } else { format!("{percent:.1} %") }
}
