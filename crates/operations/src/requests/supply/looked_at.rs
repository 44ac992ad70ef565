//! What an uploaded content is. Its first bytes say what it claims to be; its structure must bear that out: a picture
//! has a size that a reviewer can look at, a document has its end. So a page of the web with the mark of a picture
//! before it, or half a file, is refused when it is uploaded and not when somebody opens it.

/// What is taken, and nothing that a browser would run (SVG, HTML) among it.
const TAKEN: [&str; 4] = [PDF, PNG, JPEG, WEBP];

const PDF: &str = "application/pdf";
const PNG: &str = "image/png";
const JPEG: &str = "image/jpeg";
const WEBP: &str = "image/webp";

/// The media type under which a stored content is handed out: one of ours, or plain bytes.
pub(super) fn handed_out_as(stored: &str) -> &'static str {
    let known = TAKEN.iter().find(|taken| **taken == stored);
    known.copied().unwrap_or("application/octet-stream")
}

/// Fewer pixels on a side show nothing.
const SMALLEST_SIDE: u32 = 50;

/// More pixels on a side, or together, are no photograph but a way to exhaust whoever opens it.
const LONGEST_SIDE: u32 = 20_000;
const MOST_PIXELS: u64 = 120_000_000;

/// A PDF ends with its mark, within so many bytes of the end (as its readers look for it).
const PDF_TAIL: usize = 1024;

/// Why a content is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// None of the kinds that are taken.
    Kind,
    /// It begins like one, but is cut off or is something else.
    Broken,
    /// The picture is too small to show anything.
    Small,
    /// The picture is larger than any photograph.
    Large,
}

/// What a content is.
pub(super) fn media_type(bytes: &[u8]) -> Result<&'static str, Fault> {
    let (kind, size) = if bytes.starts_with(b"%PDF-") {
        return if has_tail(bytes) { Ok(PDF) } else { Err(Fault::Broken) };
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        (PNG, png(bytes))
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        (JPEG, jpeg(bytes))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        (WEBP, webp(bytes))
    } else {
        return Err(Fault::Kind);
    };
    let (width, height) = size.ok_or(Fault::Broken)?;
    if width.min(height) < SMALLEST_SIDE {
        Err(Fault::Small)
    } else if width.max(height) > LONGEST_SIDE || u64::from(width) * u64::from(height) > MOST_PIXELS {
        Err(Fault::Large)
    } else {
        Ok(kind)
    }
}

fn has_tail(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(PDF_TAIL)..).unwrap_or_default();
    let holds = |mark: &[u8]| tail.windows(mark.len()).any(|at| at == mark);
    holds(b"startxref") && holds(b"%%EOF")
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    let two = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes(*two).into())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk::<4>()
        .map(|four| u32::from_be_bytes(*four))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    let two = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_le_bytes(*two).into())
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk::<4>()
        .map(|four| u32::from_le_bytes(*four))
}

/// Width and height of a PNG whose chunks lead from the header to the end.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.get(12..16)? != b"IHDR" {
        return None;
    }
    let size = (be32(bytes, 16)?, be32(bytes, 20)?);
    let mut at = 8;
    loop {
        // Length, name, content, check sum.
        let length = usize::try_from(be32(bytes, at)?).ok()?;
        if bytes.get(at + 4..at + 8)? == b"IEND" {
            return Some(size);
        }
        at = at.checked_add(length)?.checked_add(12)?;
    }
}

/// Width and height of a JPEG whose segments lead from the start to a frame header, and which has an end. What cameras
/// append behind the end is left alone.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    let size = loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            // Padding before a marker.
            0xff => at += 1,
            // Frame headers: every process but the markers between them that are none (DHT, JPG, DAC).
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                break (be16(bytes, at + 7)?, be16(bytes, at + 5)?);
            }
            // Markers that stand alone; image data or the end before any frame.
            0x00 | 0x01 | 0xd0..=0xda => return None,
            _ => {
                at = at
                    .checked_add(2)?
                    .checked_add(usize::try_from(be16(bytes, at + 2)?).ok()?)?;
            }
        }
    };
    let ended = bytes.get(at..)?.windows(2).any(|two| two == [0xff, 0xd9]);
    ended.then_some(size)
}

/// Width and height of a WebP that is as long as it says.
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    let told = usize::try_from(le32(bytes, 4)?).ok()?.checked_add(8)?;
    if bytes.len() < told {
        return None;
    }
    let low14 = |at| Some(le16(bytes, at)? & 0x3fff);
    let low24 = |at: usize| Some(le32(bytes, at)? & 0x00ff_ffff);
    match bytes.get(12..16)? {
        b"VP8 " if bytes.get(23..26)? == [0x9d, 0x01, 0x2a] => Some((low14(26)?, low14(28)?)),
        b"VP8L" if *bytes.get(20)? == 0x2f => {
            let bits = le32(bytes, 21)?;
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8X" => Some((low24(24)? + 1, low24(27)? + 1)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::trivially_copy_pass_by_ref)]
mod tests {
    use super::*;

    fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[..], name, content, b"\0\0\0\0"].concat()
    }

    fn a_png(width: u32, height: u32) -> Vec<u8> {
        let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        let parts = [chunk(b"IHDR", &head), chunk(b"IDAT", b"pixels"), chunk(b"IEND", b"")];
        [b"\x89PNG\r\n\x1a\n".to_vec(), parts.concat()].concat()
    }

    fn a_jpeg(width: u16, height: u16) -> Vec<u8> {
        let (w, h) = (width.to_be_bytes(), height.to_be_bytes());
        [
            &[0xff, 0xd8][..],
            &[0xff, 0xe0, 0, 6, b'J', b'F', b'I', b'F'],
            &[0xff, 0xc2, 0, 11, 8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0],
            &[0xff, 0xda, 0, 2, 1, 2, 3],
            &[0xff, 0xd9],
        ]
        .concat()
    }

    fn a_webp(body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
        [b"RIFF", &size[..], b"WEBP", body].concat()
    }

    #[test]
    fn a_whole_file_is_what_its_structure_says() {
        assert_eq!(media_type(b"%PDF-1.7\n...\nstartxref\n9\n%%EOF\n"), Ok(PDF));
        assert_eq!(media_type(&a_png(640, 420)), Ok(PNG));
        assert_eq!(media_type(&a_jpeg(3000, 4000)), Ok(JPEG));
        let lossy = [&b"VP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a"[..], &[0x80, 2, 0xa4, 1]].concat();
        assert_eq!(media_type(&a_webp(&lossy)), Ok(WEBP));
        let bits: u32 = 0x27f | (0x1a3 << 14);
        let lossless = [&b"VP8L\x05\0\0\0\x2f"[..], &bits.to_le_bytes()].concat();
        assert_eq!(media_type(&a_webp(&lossless)), Ok(WEBP));
        let extended = [&b"VP8X\x0a\0\0\0\0\0\0\0"[..], &[0x7f, 2, 0, 0xa3, 1, 0, 0]].concat();
        assert_eq!(media_type(&a_webp(&extended)), Ok(WEBP));
        // A camera that appends a film to its photograph.
        assert_eq!(media_type(&[a_jpeg(400, 300), b"a film".to_vec()].concat()), Ok(JPEG));
    }

    #[test]
    fn half_a_file_or_something_else_behind_the_mark_is_refused() {
        let script = b"<script>alert(1)</script>";
        for mark in [
            &b"%PDF-1.4"[..],
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff",
            b"RIFF\x04\0\0\0WEBP",
        ] {
            let dressed = [mark, script].concat();
            assert_eq!(media_type(&dressed), Err(Fault::Broken), "{dressed:?}");
        }
        for whole in [a_png(640, 420), a_jpeg(640, 420)] {
            for length in 8..whole.len() - 1 {
                let cut = media_type(&whole[..length]);
                // The check sum at the very end of a PNG is not looked at.
                assert!(
                    cut == Err(Fault::Broken) || length + 8 >= whole.len(),
                    "{length}: {cut:?}"
                );
            }
        }
        let webp = a_webp(&[&b"VP8L\x05\0\0\0\x2f"[..], &[0xff; 4]].concat());
        assert_eq!(media_type(&webp[..webp.len() - 1]), Err(Fault::Broken));
        for other in [
            &b"<svg onload=alert(1)>"[..],
            b"GIF89a",
            b"RIFF\0\0\0\0WAVE",
            b"PNG",
            b"",
        ] {
            assert_eq!(media_type(other), Err(Fault::Kind));
        }
    }

    #[test]
    fn a_picture_has_a_size_to_be_looked_at() {
        assert_eq!(media_type(&a_png(1, 1)), Err(Fault::Small));
        assert_eq!(media_type(&a_png(0, 0)), Err(Fault::Small));
        assert_eq!(media_type(&a_png(u32::MAX, u32::MAX)), Err(Fault::Large));
        assert_eq!(media_type(&a_png(19_000, 19_000)), Err(Fault::Large));
        assert_eq!(media_type(&a_jpeg(40_000, 60)), Err(Fault::Large));
    }

    #[test]
    fn nothing_is_handed_out_under_a_name_that_is_not_ours() {
        assert_eq!(handed_out_as("image/png"), "image/png");
        assert_eq!(handed_out_as("text/html"), "application/octet-stream");
        assert_eq!(handed_out_as("image/svg+xml"), "application/octet-stream");
    }
}
