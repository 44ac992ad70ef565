//! A sheet as a picture: grey, two pixels to a dot.

use super::SlipError;
use super::face::Face;
use super::sheet::{Mark, WIDTH};

/// Pixels to a dot.
const SCALE: i32 = 2;
const WHITE: u8 = 255;

struct Canvas {
    wide: i32,
    high: i32,
    grey: Vec<u8>,
}

impl Canvas {
    /// Makes a pixel darker; 1 is black. What lies outside is not there.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of 255, at least nought"
    )]
    fn darken(&mut self, x: i32, y: i32, by: f32) {
        if !(0..self.wide).contains(&x) || !(0..self.high).contains(&y) {
            return;
        }
        let place = usize::try_from(y * self.wide + x).unwrap_or(usize::MAX);
        if let Some(pixel) = self.grey.get_mut(place) {
            *pixel = (f32::from(*pixel) * (1.0 - by.clamp(0.0, 1.0))) as u8;
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "places on a sheet of some thousand dots")]
pub(super) fn draw(face: &Face, marks: &[Mark], height: i32) -> Result<Vec<u8>, SlipError> {
    let (wide, high) = (WIDTH * SCALE, height * SCALE);
    let area = usize::try_from(wide * high).unwrap_or(0);
    let mut canvas = Canvas {
        wide,
        high,
        grey: vec![WHITE; area],
    };
    for mark in marks {
        match mark {
            Mark::Text { x, y, size, text } => {
                let size = (size * SCALE) as f32;
                let mut pen = (x * SCALE) as f32;
                for letter in text.chars() {
                    face.paint(letter, size, (pen, (y * SCALE) as f32), |x, y, by| {
                        canvas.darken(x, y, by);
                    });
                    pen += face.advance(letter) * size / face.em();
                }
            }
            Mark::Patch(left, top, w, h) => {
                for y in top * SCALE..(top + h) * SCALE {
                    for x in left * SCALE..(left + w) * SCALE {
                        canvas.darken(x, y, 1.0);
                    }
                }
            }
        }
    }
    encoded((wide, high), &canvas.grey)
}

/// Writes a picture of one grey byte a pixel.
pub(super) fn encoded((wide, high): (i32, i32), grey: &[u8]) -> Result<Vec<u8>, SlipError> {
    let side = |pixels| u32::try_from(pixels).unwrap_or(1);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side(wide), side(high));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let picture = |e: png::EncodingError| SlipError::Picture(e.to_string());
    let mut writer = encoder.write_header().map_err(picture)?;
    writer.write_image_data(grey).map_err(picture)?;
    writer.finish().map_err(picture)?;
    Ok(out)
}
