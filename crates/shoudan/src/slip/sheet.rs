//! A slip set on paper: where each text and each dark patch stands. One unit is one dot of a thermal printer, an eighth of
//! a millimetre; 58 mm paper has 464 of them. Neither picture nor document decides where anything stands.

use super::face::Face;

/// Width of the paper.
pub(super) const WIDTH: i32 = 464;
/// White at both sides.
const MARGIN: i32 = 28;
/// Space a line takes, in hundredths of its letters' size.
const LEADING: i32 = 148;

/// Something dark.
pub(super) enum Mark {
    /// A text; `x` and `y` are the left end of its baseline.
    Text { x: i32, y: i32, size: i32, text: String },
    /// A patch: left, top, width, height.
    Patch(i32, i32, i32, i32),
}

/// Paper that grows downwards.
pub(super) struct Sheet<'f> {
    face: &'f Face,
    /// What stands on it.
    pub(super) marks: Vec<Mark>,
    /// Where the next line begins.
    y: i32,
}

impl<'f> Sheet<'f> {
    pub(super) fn new(face: &'f Face) -> Self {
        Self {
            face,
            marks: Vec::new(),
            y: MARGIN,
        }
    }

    /// Length of the paper.
    pub(super) fn height(&self) -> i32 {
        self.y + MARGIN
    }

    /// Leaves white.
    pub(super) fn space(&mut self, units: i32) {
        self.y += units;
    }

    /// Lines in the middle.
    pub(super) fn middle(&mut self, text: &str, size: i32) {
        for line in self.broken(text, size, WIDTH - 2 * MARGIN) {
            let x = (WIDTH - self.width(&line, size)) / 2;
            self.line(x, size, line);
        }
    }

    /// Lines from the left.
    pub(super) fn left(&mut self, text: &str, size: i32) {
        for line in self.broken(text, size, WIDTH - 2 * MARGIN) {
            self.line(MARGIN, size, line);
        }
    }

    /// A name at the left and its value at the right; below one another where both do not fit a line.
    pub(super) fn pair(&mut self, name: &str, value: &str, size: i32) {
        let room = WIDTH - 2 * MARGIN - self.width(name, size) - size;
        let (top, wide) = (self.y, self.width(value, size));
        self.line(MARGIN, size, name.to_owned());
        if wide <= room {
            self.y = top;
            self.line(WIDTH - MARGIN - wide, size, value.to_owned());
        } else {
            self.left(value, size);
        }
    }

    /// A dashed line across.
    pub(super) fn rule(&mut self) {
        self.y += 10;
        let dashes = (MARGIN..WIDTH - MARGIN).step_by(12);
        self.marks.extend(dashes.map(|x| Mark::Patch(x, self.y, 7, 2)));
        self.y += 12;
    }

    /// A full line, to sign on.
    pub(super) fn line_to_sign(&mut self) {
        self.y += 96;
        self.marks.push(Mark::Patch(MARGIN, self.y, WIDTH - 2 * MARGIN, 2));
        self.y += 12;
    }

    /// A picture of dark and white dots in the middle, as high as its shape asks but no higher than `most`.
    pub(super) fn picture(&mut self, (across, down): (usize, usize), most: i32, dark: impl Fn(usize, usize) -> bool) {
        let (Ok(w), Ok(h)) = (i32::try_from(across), i32::try_from(down)) else {
            return;
        };
        if w == 0 || h == 0 {
            return;
        }
        // Whole dots where they fit, parts of the picture's where it is larger.
        let times = ((WIDTH - 2 * MARGIN) / w).min(most / h);
        let (wide, high) = if times >= 1 {
            (w * times, h * times)
        } else {
            shrunk((w, h), (WIDTH - 2 * MARGIN, most))
        };
        let thick = times.max(1);
        let left = (WIDTH - wide) / 2;
        let source = |at: i32, of: usize, shown: i32| {
            usize::try_from(at).unwrap_or(0) * of / usize::try_from(shown.max(1)).unwrap_or(1)
        };
        for y in (0..high).step_by(usize::try_from(thick).unwrap_or(1)) {
            let mut start = None;
            for x in 0..=wide {
                let on = x < wide && dark(source(x, across, wide), source(y, down, high));
                match (on, start) {
                    (true, None) => start = Some(x),
                    (false, Some(from)) => {
                        self.marks.push(Mark::Patch(left + from, self.y + y, x - from, thick));
                        start = None;
                    }
                    _ => {}
                }
            }
        }
        self.y += high;
    }

    fn line(&mut self, x: i32, size: i32, text: String) {
        let y = self.y + size * 108 / 100;
        self.marks.push(Mark::Text { x, y, size, text });
        self.y += size * LEADING / 100;
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "sizes of letters and widths of lines"
    )]
    fn width(&self, text: &str, size: i32) -> i32 {
        self.face.width(text, size as f32).ceil() as i32
    }

    /// A text in lines of at most `room`: between words, or anywhere between Chinese characters.
    fn broken(&self, text: &str, size: i32, room: i32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for piece in pieces(text) {
            let Some(line) = lines.last_mut() else { break };
            let joined = format!("{line}{piece}");
            if line.is_empty() || self.width(joined.trim_end(), size) <= room {
                *line = joined;
            } else {
                lines.push(piece.trim_start().to_owned());
            }
        }
        lines.iter().map(|line| line.trim().to_owned()).collect()
    }
}

/// Where a line may break: after a blank, and beside any character that is not of the Latin script. A sign that closes
/// stays with what is before it.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    for letter in text.chars() {
        let closes = "，。；：、！？）》」”".contains(letter);
        let breaks = before.is_none_or(|b| b == ' ' || !b.is_ascii() || !letter.is_ascii());
        match pieces.last_mut().filter(|_| closes || !breaks) {
            Some(piece) => piece.push(letter),
            None => pieces.push(letter.to_string()),
        }
        before = Some(letter);
    }
    pieces
}

/// A shape in a frame, with its proportions.
fn shrunk((w, h): (i32, i32), (most_w, most_h): (i32, i32)) -> (i32, i32) {
    let by_width = (most_w, (i64::from(h) * i64::from(most_w) / i64::from(w)).max(1));
    if by_width.1 <= i64::from(most_h) {
        return (by_width.0, i32::try_from(by_width.1).unwrap_or(most_h));
    }
    let wide = (i64::from(w) * i64::from(most_h) / i64::from(h)).max(1);
    (i32::try_from(wide).unwrap_or(most_w), most_h)
}
