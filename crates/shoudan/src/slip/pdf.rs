//! A sheet as a document: one page of the paper's size, with text that can be searched and copied. The letters that it
//! needs are written into it as outlines (Type 3 fonts with a table back to Unicode), so that it looks the same everywhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::SlipError;
use super::face::{Face, Stroke};
use super::sheet::{Mark, WIDTH};

/// Points in a dot: 72 to the inch, 203.2 dots to the inch.
const POINTS: f32 = 72.0 / 203.2;
/// Letters of one font: a code is one byte.
const LETTERS: usize = 250;

/// Objects of the file, from number 1 on.
#[derive(Default)]
struct Objects(Vec<Vec<u8>>);

impl Objects {
    fn add(&mut self, body: impl Into<Vec<u8>>) -> usize {
        self.0.push(body.into());
        self.0.len()
    }

    fn stream(&mut self, entries: &str, content: &[u8]) -> Result<usize, SlipError> {
        let unwritten = |e: std::io::Error| SlipError::Picture(e.to_string());
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(content).map_err(unwritten)?;
        let packed = packed.finish().map_err(unwritten)?;
        let head = format!(
            "<< {entries} /Filter /FlateDecode /Length {} >>\nstream\n",
            packed.len()
        );
        let mut body = head.into_bytes();
        body.extend(packed);
        body.extend(b"\nendstream");
        Ok(self.add(body))
    }

    /// The file; `root` is the catalogue's number, `about` that of the document's own facts.
    fn file(self, root: usize, about: usize) -> Vec<u8> {
        let mut out = b"%PDF-1.4\n%\xE6\x94\xB6\xE5\x8D\x95\n".to_vec();
        let mut places = String::new();
        let count = self.0.len() + 1;
        for (number, body) in (1..).zip(self.0) {
            let _ = writeln!(places, "{:010} 00000 n ", out.len());
            out.extend(format!("{number} 0 obj\n").into_bytes());
            out.extend(body);
            out.extend(b"\nendobj\n");
        }
        let table = out.len();
        let end = format!(
            "xref\n0 {count}\n0000000000 65535 f \n{places}trailer\n<< /Size {count} /Root {root} 0 R /Info {about} 0 R >>\n\
             startxref\n{table}\n%%EOF\n"
        );
        out.extend(end.into_bytes());
        out
    }
}

/// Where each letter stands: number of its font, and its code there.
type Places = BTreeMap<char, (usize, u8)>;

fn places(marks: &[Mark]) -> Places {
    let mut all: Vec<char> = marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text.chars()),
            Mark::Patch(..) => None,
        })
        .flatten()
        .collect();
    all.sort_unstable();
    all.dedup();
    all.chunks(LETTERS)
        .enumerate()
        .flat_map(|(font, letters)| (1..).zip(letters).map(move |(code, letter)| (*letter, (font, code))))
        .collect()
}

pub(super) fn write(face: &Face, marks: &[Mark], height: i32, title: &str) -> Result<Vec<u8>, SlipError> {
    let places = places(marks);
    let mut objects = Objects::default();
    let fonts = places.values().map(|(font, _)| font + 1).max().unwrap_or(0);
    let mut named = String::new();
    for font in 0..fonts {
        let number = self::font(&mut objects, face, &places, font)?;
        let _ = write!(named, "/F{font} {number} 0 R ");
    }
    let content = objects.stream("", content(face, marks, &places, height).as_bytes())?;
    let about = objects.add(format!("<< /Title {} /Producer (Shoudan) >>", text_string(title)));
    let page = objects.0.len() + 1;
    objects.add(format!(
        "<< /Type /Page /Parent {} 0 R /MediaBox [0 0 {:.2} {:.2}] /Resources << /Font << {named}>> >> /Contents {content} 0 R >>",
        page + 1,
        points(WIDTH),
        points(height),
    ));
    objects.add(format!("<< /Type /Pages /Kids [{page} 0 R] /Count 1 >>"));
    let root = objects.add(format!("<< /Type /Catalog /Pages {} 0 R >>", page + 1));
    Ok(objects.file(root, about))
}

#[allow(clippy::cast_precision_loss, reason = "places on a sheet of some thousand dots")]
fn points(dots: i32) -> f32 {
    dots as f32 * POINTS
}

fn content(face: &Face, marks: &[Mark], places: &Places, height: i32) -> String {
    let (mut out, mut patches) = (String::new(), String::new());
    for mark in marks {
        match mark {
            Mark::Patch(left, top, w, h) => {
                let bottom = points(height - top - h);
                let _ = writeln!(
                    patches,
                    "{:.3} {bottom:.3} {:.3} {:.3} re",
                    points(*left),
                    points(*w),
                    points(*h)
                );
            }
            Mark::Text { x, y, size, text } => {
                let size = points(*size);
                let mut pen = points(*x);
                out.push_str("BT ");
                let mut font = None;
                for letter in text.chars() {
                    let Some((of, code)) = places.get(&letter) else {
                        continue;
                    };
                    if font != Some(*of) {
                        // A change of font begins where the pen stands.
                        let y = points(height - y);
                        let _ = write!(out, "/F{of} {size:.3} Tf 1 0 0 1 {pen:.3} {y:.3} Tm ");
                        font = Some(*of);
                    }
                    let _ = write!(out, "<{code:02X}> Tj ");
                    pen += face.advance(letter) * size / face.em();
                }
                out.push_str("ET\n");
            }
        }
    }
    // One path, filled once: neighbours leave no seam.
    out.push_str(&patches);
    out.push_str("f\n");
    out
}

fn font(objects: &mut Objects, face: &Face, places: &Places, font: usize) -> Result<usize, SlipError> {
    let letters: Vec<(char, u8)> = places
        .iter()
        .filter(|(_, (of, _))| *of == font)
        .map(|(letter, (_, code))| (*letter, *code))
        .collect();
    let (mut procs, mut names, mut widths) = (String::new(), String::new(), String::new());
    for (letter, code) in &letters {
        let number = objects.stream("", outline(face, *letter).as_bytes())?;
        let _ = write!(procs, "/g{code} {number} 0 R ");
        let _ = write!(names, "/g{code} ");
        let _ = write!(widths, "{:.0} ", face.advance(*letter));
    }
    let table = objects.stream("", to_unicode(&letters).as_bytes())?;
    let em = face.em();
    Ok(objects.add(format!(
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 -{em:.0} {em:.0} {em:.0}] /FontMatrix [{unit:.6} 0 0 {unit:.6} 0 0] \
         /CharProcs << {procs}>> /Encoding << /Type /Encoding /Differences [1 {names}] >> /FirstChar 1 /LastChar {last} \
         /Widths [{widths}] /Resources << >> /ToUnicode {table} 0 R >>",
        unit = 1.0 / em,
        last = letters.len(),
    )))
}

/// How a letter is drawn, in font units.
fn outline(face: &Face, letter: char) -> String {
    let em = face.em();
    let mut out = format!(
        "{:.0} 0 -{em:.0} -{em:.0} {:.0} {em:.0} d1\n",
        face.advance(letter),
        2.0 * em
    );
    for stroke in face.outline(letter) {
        let _ = match stroke {
            Stroke::Move(to) => writeln!(out, "{:.1} {:.1} m", to.x, to.y),
            Stroke::Line(to) => writeln!(out, "{:.1} {:.1} l", to.x, to.y),
            Stroke::Cubic(a, b, to) => {
                writeln!(
                    out,
                    "{:.1} {:.1} {:.1} {:.1} {:.1} {:.1} c",
                    a.x, a.y, b.x, b.y, to.x, to.y
                )
            }
        };
    }
    out.push_str("f\n");
    out
}

/// Which character each code is.
fn to_unicode(letters: &[(char, u8)]) -> String {
    let mut out = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /Slip def\n/CMapType 2 def\n\
         1 begincodespacerange\n<00> <FF>\nendcodespacerange\n",
    );
    for part in letters.chunks(100) {
        let _ = writeln!(out, "{} beginbfchar", part.len());
        for (letter, code) in part {
            let _ = writeln!(out, "<{code:02X}> <{}>", utf16(&letter.to_string()));
        }
        out.push_str("endbfchar\n");
    }
    out.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    out
}

fn utf16(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut out, unit| {
        let _ = write!(out, "{unit:04X}");
        out
    })
}

/// A text of the document's own facts: UTF-16 with its mark.
fn text_string(text: &str) -> String {
    format!("<FEFF{}>", utf16(text))
}
