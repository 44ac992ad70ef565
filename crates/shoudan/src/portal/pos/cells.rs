//! The screen: four rows of sixteen cells; a Chinese character takes two, as in GBK.

/// Rows.
pub const ROWS: usize = 4;
/// Cells in a row.
pub const COLUMNS: usize = 16;

/// How many cells a character takes.
pub fn width(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

/// How many cells a text takes.
pub fn text_width(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// A line broken into rows; at spaces where there is one, anywhere else otherwise.
fn wrap(line: &str) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = String::new();
    for word in pieces(line) {
        if text_width(&row) + text_width(word.trim_end()) > COLUMNS && !row.is_empty() {
            rows.push(std::mem::take(&mut row).trim_end().to_owned());
        }
        for c in word.chars() {
            if text_width(&row) + width(c) > COLUMNS {
                rows.push(std::mem::take(&mut row).trim_end().to_owned());
                if c == ' ' {
                    continue;
                }
            }
            row.push(c);
        }
    }
    rows.push(row.trim_end().to_owned());
    rows
}

/// Words with the space after them; every wide character by itself.
fn pieces(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    for (i, c) in line.char_indices() {
        let end = i + c.len_utf8();
        if c == ' ' || width(c) == 2 {
            if width(c) == 2 && start < i {
                out.extend(line.get(start..i));
                start = i;
            }
            out.extend(line.get(start..end));
            start = end;
        }
    }
    out.extend(line.get(start..).filter(|rest| !rest.is_empty()));
    out
}

/// The lines on the screen. Where they are too many the longest loses its end, never the last line: the explanation code
/// stands there.
pub fn fit(lines: &[String]) -> [String; ROWS] {
    let mut wrapped: Vec<Vec<String>> = lines.iter().map(|line| wrap(line)).collect();
    let total = |all: &[Vec<String>]| all.iter().map(Vec::len).sum::<usize>();
    while total(&wrapped) > ROWS {
        let last = wrapped.len() - 1;
        let longest = (0..wrapped.len())
            .rev()
            .max_by_key(|i| (wrapped.get(*i).map_or(0, Vec::len), usize::from(*i != last)));
        let Some(line) = longest.and_then(|i| wrapped.get_mut(i)) else {
            break;
        };
        if line.len() > 1 {
            line.pop();
        } else if wrapped.len() > 2 {
            wrapped.remove(1);
        } else {
            break;
        }
    }
    let mut rows = wrapped.into_iter().flatten();
    std::array::from_fn(|_| rows.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn eight_chinese_characters_fill_a_row() {
        let shown = fit(&lines(&["终端未登记或停止使用"]));
        assert_eq!(shown[0], "终端未登记或停止");
        assert_eq!(shown[1], "使用");
        assert!(shown.iter().all(|row| text_width(row) <= COLUMNS));
    }

    #[test]
    fn the_explanation_code_stays_however_long_the_rest_is() {
        let shown = fit(&lines(&[
            "消费",
            "97 终端未登记或停止使用，请联系收单机构处理",
            "执照已到期",
            "原因码 7K3-M9Q",
        ]));
        assert_eq!(shown[3], "原因码 7K3-M9Q");
        assert_eq!(shown[0], "消费");
    }

    #[test]
    fn english_breaks_between_words() {
        let shown = fit(&lines(&["Terminal not registered here"]));
        assert_eq!(shown[0], "Terminal not");
        assert_eq!(shown[1], "registered here");
    }
}
