//! Puts labels where they hide least.

use super::svg::{Anchor, Stroke, Svg};

const SIZE: u32 = 12;
const HEIGHT: f64 = 16.0;
/// A wide guess: which font draws the text is not known here.
const LETTER: f64 = 7.0;
const LONGEST: usize = 44;
const NEAR: f64 = 11.0;
const LEADER: Stroke = Stroke { colour: "#595959", width: 1.0, dashes: "none" };

/// By its corners.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rectangle {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rectangle {
    fn holds(&self, (x, y): (f64, f64)) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }

    fn is_within(&self, other: &Self) -> bool {
        other.holds((self.left, self.top)) && other.holds((self.right, self.bottom))
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// What labels have to leave free, and where they may be.
#[derive(Debug)]
pub(super) struct Labels {
    frame: Rectangle,
    /// Points of curves, close to each other.
    ink: Vec<(f64, f64)>,
    taken: Vec<Rectangle>,
}

impl Labels {
    pub(super) fn within(frame: Rectangle) -> Self {
        Self { frame, ink: Vec::new(), taken: Vec::new() }
    }

    /// Labels had better not lie on this line.
    pub(super) fn avoid_line(&mut self, points: &[(f64, f64)]) {
        const APART: f64 = 4.0;
        for pair in points.windows(2) {
            let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
            let pieces = ((to_x - x).hypot(to_y - y) / APART).ceil().max(1.0);
            for piece in 0..pieces as usize {
                let share = piece as f64 / pieces;
                self.ink.push((x + share * (to_x - x), y + share * (to_y - y)));
            }
        }
    }

    /// Labels do not lie on the mark at this point, if there is any way.
    pub(super) fn avoid_mark(&mut self, (x, y): (f64, f64)) {
        const REACH: f64 = 8.0;
        let (left, right, top, bottom) = (x - REACH, x + REACH, y - REACH, y + REACH);
        self.taken.push(Rectangle { left, top, right, bottom });
    }

    /// Draws `text` for the mark at `mark`.
    pub(super) fn draw(&mut self, svg: &mut Svg, mark: (f64, f64), text: &str) {
        let text = shortened(text);
        let width = text.chars().count() as f64 * LETTER;
        let places = places(mark, width);
        let best = places.iter().min_by(|a, b| self.harm(a).total_cmp(&self.harm(b)));
        let Some(best) = best else { return };
        if best.distance > NEAR {
            svg.line(&[mark, best.tip], LEADER);
        }
        let (x, anchor) = match best.anchor {
            Anchor::Start => (best.area.left, Anchor::Start),
            Anchor::Middle => ((best.area.left + best.area.right) / 2.0, Anchor::Middle),
            Anchor::End => (best.area.right, Anchor::End),
        };
        svg.text((x, best.area.bottom - 4.0), anchor, SIZE, &text);
        self.taken.push(best.area);
    }

    fn harm(&self, place: &Place) -> f64 {
        let outside = if place.area.is_within(&self.frame) { 0.0 } else { 1e6 };
        let met = self.taken.iter().filter(|taken| place.area.meets(taken)).count() as f64;
        let hidden = self.ink.iter().filter(|point| place.area.holds(**point)).count() as f64;
        outside + 1e3 * met + 8.0 * hidden + place.distance
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    area: Rectangle,
    anchor: Anchor,
    distance: f64,
    /// Where a line to the mark ends.
    tip: (f64, f64),
}

/// Around the mark, near and farther.
fn places((x, y): (f64, f64), width: f64) -> Vec<Place> {
    let mut places = Vec::new();
    for distance in [NEAR, 30.0, 55.0, 85.0] {
        for (right, down) in [(1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1)]
        {
            let diagonal = if right != 0 && down != 0 { 0.8 } else { 1.0 };
            let tip_x = x + f64::from(right) * distance * diagonal;
            let tip_y = y + f64::from(down) * distance * diagonal;
            let (left, anchor) = match right {
                1 => (tip_x, Anchor::Start),
                0 => (tip_x - width / 2.0, Anchor::Middle),
                _ => (tip_x - width, Anchor::End),
            };
            let top = tip_y - HEIGHT / 2.0 + f64::from(down) * HEIGHT / 2.0;
            let area = Rectangle { left, top, right: left + width, bottom: top + HEIGHT };
            places.push(Place { area, anchor, distance, tip: (tip_x, tip_y) });
        }
    }
    places
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
