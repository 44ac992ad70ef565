//! The type that slips are set in: Noto Sans SC, cut down to the characters of GB 2312. What it lacks is drawn as a box.

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve, Point, PxScale, point};

use super::SlipError;

/// The font file; its licence lies beside it.
static FONT: &[u8] = include_bytes!("../../assets/slip/noto-sans-sc-gb2312.otf");
/// Drawn for a character that the font lacks.
const LACKING: char = '□';

/// The font, opened.
pub(super) struct Face(FontRef<'static>);

/// Where a pen goes. Font units, upwards.
pub(super) enum Stroke {
    Move(Point),
    Line(Point),
    Cubic(Point, Point, Point),
}

impl Face {
    pub(super) fn open() -> Result<Self, SlipError> {
        FontRef::try_from_slice(FONT).map(Self).map_err(|_| SlipError::Font)
    }

    /// Whether the font has a letter.
    #[cfg(test)]
    pub(super) fn has(&self, letter: char) -> bool {
        self.0.glyph_id(letter) != GlyphId(0)
    }

    fn glyph(&self, letter: char) -> GlyphId {
        match self.0.glyph_id(letter) {
            GlyphId(0) => self.0.glyph_id(LACKING),
            known => known,
        }
    }

    /// Font units in an em.
    pub(super) fn em(&self) -> f32 {
        self.0.units_per_em().unwrap_or(1000.0)
    }

    /// How far a letter carries the pen, font units.
    pub(super) fn advance(&self, letter: char) -> f32 {
        self.0.h_advance_unscaled(self.glyph(letter))
    }

    /// Width of a text whose em is `size`.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.advance(letter)).sum::<f32>() * size / self.em()
    }

    /// Calls `draw(x, y, coverage)` for each pixel of a letter that stands at `at` (baseline, pixels downwards).
    pub(super) fn paint(&self, letter: char, size: f32, at: (f32, f32), mut draw: impl FnMut(i32, i32, f32)) {
        let scale = PxScale::from(size * self.0.height_unscaled() / self.em());
        let glyph = self.glyph(letter).with_scale_and_position(scale, point(at.0, at.1));
        let Some(outlined) = self.0.outline_glyph(glyph) else {
            return;
        };
        let corner = outlined.px_bounds().min;
        let (left, top) = (whole(corner.x), whole(corner.y));
        outlined.draw(|x, y, coverage| {
            let (x, y) = (i32::try_from(x).unwrap_or(0), i32::try_from(y).unwrap_or(0));
            draw(left + x, top + y, coverage);
        });
    }

    /// A letter's outline: each contour begins with a move.
    pub(super) fn outline(&self, letter: char) -> Vec<Stroke> {
        let curves = self.0.outline(self.glyph(letter)).map(|outline| outline.curves);
        let mut strokes = Vec::new();
        let mut pen = None;
        for curve in curves.unwrap_or_default() {
            let (from, stroke, to) = match curve {
                OutlineCurve::Line(a, b) => (a, Stroke::Line(b), b),
                // A quadratic curve is a cubic one whose handles lie two thirds of the way to its own.
                OutlineCurve::Quad(a, b, c) => (a, Stroke::Cubic(between(a, b), between(c, b), c), c),
                OutlineCurve::Cubic(a, b, c, d) => (a, Stroke::Cubic(b, c, d), d),
            };
            if pen != Some(from) {
                strokes.push(Stroke::Move(from));
            }
            strokes.push(stroke);
            pen = Some(to);
        }
        strokes
    }
}

fn between(end: Point, handle: Point) -> Point {
    point(
        end.x + (handle.x - end.x) * 2.0 / 3.0,
        end.y + (handle.y - end.y) * 2.0 / 3.0,
    )
}

/// Bounds of pixels are whole numbers already.
#[allow(clippy::cast_possible_truncation, reason = "a slip is some thousand pixels long")]
fn whole(value: f32) -> i32 {
    value as i32
}
