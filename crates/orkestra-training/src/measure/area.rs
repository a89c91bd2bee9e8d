//! Areas under the way of a policy, and where it first reaches a share.

use super::sweep::{ALWAYS_PREMIUM, Point};

/// Sums of thousands of scores are off in their last digits; a share that is short by less is reached.
const ROUNDING: f64 = 1e-9;

/// What an area is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Under {
    /// The points themselves, joined by straight lines.
    Curve,
    /// The upper hull of the points: what mixing the policy's settings reaches.
    Hull,
}

/// Adds up over points whose costs fall from 1 to 0.
#[derive(Debug)]
pub(super) struct Area {
    under: Under,
    /// The hull so far; of a curve only its last point.
    corners: Vec<Point>,
    sum: f64,
}

impl Area {
    pub(super) fn new(under: Under) -> Self {
        Self { under, corners: vec![ALWAYS_PREMIUM], sum: 0.0 }
    }

    pub(super) fn visit(&mut self, point: Point) {
        if self.under == Under::Curve {
            self.sum += trapezoid(self.corners[0], point);
            self.corners[0] = point;
            return;
        }
        while let [.., before, corner] = self.corners[..] {
            if bends_outwards(before, corner, point) {
                break;
            }
            self.corners.pop();
        }
        self.corners.push(point);
    }

    pub(super) fn total(&self) -> f64 {
        let under_hull = self.corners.windows(2).map(|pair| trapezoid(pair[0], pair[1]));
        self.sum + under_hull.sum::<f64>()
    }
}

fn trapezoid(right: Point, left: Point) -> f64 {
    (right.cost - left.cost) * (right.recovered + left.recovered) / 2.0
}

fn bends_outwards(right: Point, corner: Point, left: Point) -> bool {
    (corner.cost - right.cost) * (left.recovered - right.recovered)
        > (corner.recovered - right.recovered) * (left.cost - right.cost)
}

/// The cheapest point that recovers a share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    needed: f64,
    /// Whether the policy can stop on the line between two of its points.
    between_points: bool,
    pub(super) at: Point,
}

impl Reached {
    pub(super) fn new(needed: f64, between_points: bool) -> Self {
        Self { needed, between_points, at: ALWAYS_PREMIUM }
    }

    /// Takes the next point; costs fall, so a later one is cheaper.
    pub(super) fn visit(&mut self, from: Point, to: Point) {
        let enough = self.needed - ROUNDING;
        if to.recovered >= enough {
            self.at = to;
        } else if self.between_points && from.recovered >= enough {
            let fall = from.recovered - to.recovered;
            let back = ((self.needed - to.recovered) / fall).min(1.0);
            self.at = Point {
                cost: to.cost + back * (from.cost - to.cost),
                recovered: to.recovered + back * fall,
            };
        }
    }
}
