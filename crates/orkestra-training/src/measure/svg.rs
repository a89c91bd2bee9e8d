//! The few shapes that a plot needs, as SVG.

/// How a line looks. Dashes tell lines apart where colours do not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub(super) colour: &'static str,
    pub(super) width: f64,
    /// Lengths of dashes and gaps, or `none` for a solid line.
    pub(super) dashes: &'static str,
}

/// Where a text lies at its coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing that grows shape by shape; later ones lie on top.
#[derive(Debug)]
pub(super) struct Svg(String);

impl Svg {
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let title = escaped(title);
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" font-family=\"Helvetica, Arial, sans-serif\">\n\
             <title>{title}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        ))
    }

    pub(super) fn line(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        let Stroke { colour, width, dashes } = stroke;
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        self.0.push_str(&format!(
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
             stroke-dasharray=\"{dashes}\" stroke-linejoin=\"round\"/>\n"
        ));
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64)) {
        self.0.push_str(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"#000000\" stroke=\"#ffffff\"/>\n"
        ));
    }

    pub(super) fn diamond(&mut self, (x, y): (f64, f64)) {
        let (left, right, top, bottom) = (x - 8.0, x + 8.0, y - 8.0, y + 8.0);
        self.0.push_str(&format!(
            "<path d=\"M{x:.1} {top:.1}L{right:.1} {y:.1}L{x:.1} {bottom:.1}L{left:.1} {y:.1}Z\" \
             fill=\"#e69f00\" stroke=\"#000000\" stroke-width=\"1.5\"/>\n"
        ));
    }

    /// `text` in `size` pixels, with a white rim so that lines below do not make it unreadable.
    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, size: u32, text: &str) {
        let text = text_element(&format!("x=\"{x:.1}\" y=\"{y:.1}\""), anchor, size, text);
        self.0.push_str(&text);
    }

    /// `text` that reads upwards.
    pub(super) fn upright_text(&mut self, (x, y): (f64, f64), size: u32, text: &str) {
        let place = format!("transform=\"translate({x:.1} {y:.1}) rotate(-90)\"");
        self.0.push_str(&text_element(&place, Anchor::Middle, size, text));
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

fn text_element(place: &str, anchor: Anchor, size: u32, text: &str) -> String {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let text = escaped(text);
    format!(
        "<text {place} text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"#1a1a1a\" stroke=\"#ffffff\" \
         stroke-width=\"3\" paint-order=\"stroke\">{text}</text>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no way to write these.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
