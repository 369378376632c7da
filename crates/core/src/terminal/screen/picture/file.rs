//! The size of a picture in a file: PNG, JPEG or GIF in base64, as iTerm2 has it
//! (<https://iterm2.com/documentation-images.html>).

use super::{CELL, HEADER_CHARS, SEARCH_CHARS};

/// How wide or high a picture is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Auto,
    Cells(u32),
    Pixels(u32),
    Percent(u32),
}

/// A file of which so much was read.
#[derive(Debug)]
pub(in super::super) struct File {
    /// As it came, to be said again.
    header: String,
    width: Wish,
    height: Wish,
    keeps_shape: bool,
    search: Search,
    chars: usize,
    /// What is left of the last characters: fewer than 8 bits.
    bits: u32,
    bits_len: u32,
}

#[derive(Debug)]
enum Search {
    /// The beginning; at most 24 bytes are needed.
    Head(Vec<u8>),
    /// With the size that the file says it has.
    Gif((u32, u32), Gif),
    Jpeg(Jpeg),
    Found(u32, u32),
    /// It is none of those that are known, or says its size too late.
    Failed,
}

/// Where in a GIF (GIF89a specification, chapters 18 to 24), before its first picture.
#[derive(Debug)]
enum Gif {
    /// The table of colours: so many bytes are left.
    Table(u32),
    Block,
    Label,
    SubBlock,
    /// Bytes that are left of a sub-block.
    Skip(u8),
    /// Left, top, width and height of the first picture.
    Frame(Vec<u8>),
}

/// Where in a JPEG (ITU-T T.81, annex B).
#[derive(Debug)]
enum Jpeg {
    /// Between segments; the last byte was 0xff.
    Marker(bool),
    /// The length of a segment; the number is the marker.
    Length(u8, Option<u8>),
    Skip(u32),
    /// Precision, height and width.
    Frame(Vec<u8>),
}

impl File {
    /// Reads `File=name=...;inline=1`. Nothing for one that is not to be shown.
    pub fn new(header: &str) -> Option<Self> {
        if header.chars().count() > HEADER_CHARS {
            return None;
        }
        let (mut width, mut height, mut keeps_shape, mut inline) = (Wish::Auto, Wish::Auto, true, false);
        for field in header.strip_prefix("File=")?.split(';') {
            match field.split_once('=') {
                Some(("inline", value)) => inline = value == "1",
                Some(("preserveAspectRatio", value)) => keeps_shape = value != "0",
                Some(("width", value)) => width = wish(value)?,
                Some(("height", value)) => height = wish(value)?,
                _ => {}
            }
        }
        inline.then(|| Self {
            header: header.to_owned(),
            width,
            height,
            keeps_shape,
            search: Search::Head(Vec::new()),
            chars: 0,
            bits: 0,
            bits_len: 0,
        })
    }

    pub fn is_undecided(&self) -> bool {
        matches!(self.search, Search::Head(_) | Search::Gif(..) | Search::Jpeg(_))
    }

    pub fn take(&mut self, code: u32) {
        if !self.is_undecided() {
            return;
        }
        self.chars += 1;
        if self.chars > SEARCH_CHARS || code >= 0x80 {
            self.search = Search::Failed;
            return;
        }
        let value = match code as u8 {
            letter @ b'A'..=b'Z' => letter - b'A',
            letter @ b'a'..=b'z' => letter - b'a' + 26,
            digit @ b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return,
        };
        self.bits = (self.bits << 6 | u32::from(value)) & 0xffff;
        self.bits_len += 6;
        if self.bits_len >= 8 {
            self.bits_len -= 8;
            self.byte((self.bits >> self.bits_len) as u8);
        }
    }

    fn byte(&mut self, byte: u8) {
        let search = std::mem::replace(&mut self.search, Search::Failed);
        self.search = match search {
            Search::Head(mut head) => {
                head.push(byte);
                sniff(head)
            }
            Search::Gif(screen, gif) => gif.byte(screen, byte),
            Search::Jpeg(jpeg) => jpeg.byte(byte),
            decided @ (Search::Found(..) | Search::Failed) => decided,
        };
    }

    /// The size that the file has, in pixels.
    pub fn size(&self) -> Option<(u32, u32)> {
        if let Search::Found(width, height) = self.search { Some((width, height)) } else { None }
    }

    /// The size that it is shown in on a screen of so many pixels.
    pub fn shown(&self, (width, height): (u32, u32), screen: (u32, u32)) -> (u32, u32) {
        let wanted = (pixels(self.width, screen.0, CELL.0), pixels(self.height, screen.1, CELL.1));
        let fitted = |(most_width, most_height): (u32, u32)| {
            if u64::from(width) * u64::from(most_height) > u64::from(height) * u64::from(most_width) {
                (most_width, part(height, most_width, width))
            } else {
                (part(width, most_height, height), most_height)
            }
        };
        match wanted {
            (None, None) => {
                // A line is left for what follows.
                let most = (screen.0, screen.1.saturating_sub(CELL.1).max(CELL.1));
                if width <= most.0 && height <= most.1 { (width, height) } else { fitted(most) }
            }
            (Some(wide), None) => (wide, part(height, wide, width)),
            (None, Some(high)) => (part(width, high, height), high),
            (Some(wide), Some(high)) if self.keeps_shape => fitted((wide, high)),
            (Some(wide), Some(high)) => (wide, high),
        }
    }

    /// See [`super::Picture::resume`]: a file of the same size, of which nothing more is there.
    pub fn resume(&self) -> String {
        let mut head = *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\0";
        if let Some((width, height)) = self.size() {
            head[16..20].copy_from_slice(&width.to_be_bytes());
            head[20..].copy_from_slice(&height.to_be_bytes());
        }
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits = head.chunks(3).flat_map(|three| {
            let bits = three.iter().fold(0, |bits, &byte| bits << 8 | usize::from(byte));
            [18, 12, 6, 0].map(|shift| char::from(DIGITS[bits >> shift & 63]))
        });
        format!("\x1b]1337;{}:{}", self.header, digits.collect::<String>())
    }
}

fn wish(value: &str) -> Option<Wish> {
    let number = |digits: &str| {
        let right =
            !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
        right.then(|| digits.parse().ok()).flatten()
    };
    if value == "auto" {
        Some(Wish::Auto)
    } else if let Some(digits) = value.strip_suffix("px") {
        number(digits).map(Wish::Pixels)
    } else if let Some(digits) = value.strip_suffix('%') {
        number(digits).map(Wish::Percent)
    } else {
        number(value).map(Wish::Cells)
    }
}

fn pixels(wish: Wish, whole: u32, cell: u32) -> Option<u32> {
    let pixels = match wish {
        Wish::Auto => return None,
        Wish::Cells(cells) => cells.saturating_mul(cell),
        Wish::Pixels(pixels) => pixels,
        Wish::Percent(percent) => part(whole, percent, 100),
    };
    // None at all means: as it is.
    (pixels > 0).then_some(pixels)
}

/// `number * times / of`, at least 1.
fn part(number: u32, times: u32, of: u32) -> u32 {
    let part = u64::from(number) * u64::from(times) / u64::from(of);
    u32::try_from(part).unwrap_or(u32::MAX).max(1)
}

fn sniff(head: Vec<u8>) -> Search {
    let begins = |magic: &[u8]| head.iter().zip(magic).all(|(byte, magic)| byte == magic);
    let number = |at: usize, bytes: usize| {
        head[at..at + bytes].iter().fold(0, |all, &byte| all << 8 | u32::from(byte))
    };
    if begins(b"\x89PNG\r\n\x1a\n") {
        return match head.len() {
            24 if &head[12..16] == b"IHDR" => found(number(16, 4), number(20, 4)),
            24 => Search::Failed,
            _ => Search::Head(head),
        };
    }
    if begins(b"GIF87a") || begins(b"GIF89a") {
        let [_, _, _, _, _, _, wide, wide_high, high, high_high, flags, _, _] = head[..] else {
            return Search::Head(head);
        };
        let screen = (little(wide, wide_high), little(high, high_high));
        // The table of colours, if there is one, has three bytes for each.
        let gif = if flags & 0x80 == 0 { Gif::Block } else { Gif::Table(3 << ((flags & 7) + 1)) };
        return Search::Gif(screen, gif);
    }
    match (begins(b"\xff\xd8"), head.len()) {
        (true, 2) => Search::Jpeg(Jpeg::Marker(false)),
        (true, _) => Search::Head(head),
        (false, _) => Search::Failed,
    }
}

fn found(width: u32, height: u32) -> Search {
    if width == 0 || height == 0 { Search::Failed } else { Search::Found(width, height) }
}

fn little(low: u8, high: u8) -> u32 {
    u32::from(high) << 8 | u32::from(low)
}

impl Gif {
    /// A web view makes a GIF as large as its first picture: one that reaches beyond what the file says of itself is refused.
    fn byte(self, screen: (u32, u32), byte: u8) -> Search {
        let next = match (self, byte) {
            (Self::Table(1), _) => Self::Block,
            (Self::Table(rest), _) => Self::Table(rest - 1),
            (Self::Block, 0x21) => Self::Label,
            (Self::Block, 0x2c) => Self::Frame(Vec::new()),
            // The end, or nothing that is known.
            (Self::Block, _) => return Search::Failed,
            (Self::Label, _) => Self::SubBlock,
            (Self::SubBlock, 0) => Self::Block,
            (Self::SubBlock, len) => Self::Skip(len),
            (Self::Skip(1), _) => Self::SubBlock,
            (Self::Skip(rest), _) => Self::Skip(rest - 1),
            (Self::Frame(mut frame), _) => {
                frame.push(byte);
                if let [x, x_high, y, y_high, wide, wide_high, high, high_high] = frame[..] {
                    let right = little(x, x_high) + little(wide, wide_high);
                    let bottom = little(y, y_high) + little(high, high_high);
                    let inside = right <= screen.0 && bottom <= screen.1;
                    return if inside { found(screen.0, screen.1) } else { Search::Failed };
                }
                Self::Frame(frame)
            }
        };
        Search::Gif(screen, next)
    }
}

impl Jpeg {
    fn byte(self, byte: u8) -> Search {
        let next = match self {
            Self::Marker(false) if byte == 0xff => Self::Marker(true),
            Self::Marker(true) => match byte {
                0xff => Self::Marker(true),
                // Without a segment behind it.
                0x01 | 0xd0..=0xd8 => Self::Marker(false),
                // The picture itself, and its end.
                0x00 | 0xd9 | 0xda => return Search::Failed,
                marker => Self::Length(marker, None),
            },
            Self::Marker(false) => return Search::Failed,
            Self::Length(marker, None) => Self::Length(marker, Some(byte)),
            Self::Length(marker, Some(high)) => match (u32::from(high) << 8 | u32::from(byte)).checked_sub(2)
            {
                None => return Search::Failed,
                Some(_) if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                    Self::Frame(Vec::new())
                }
                Some(0) => Self::Marker(false),
                Some(rest) => Self::Skip(rest),
            },
            Self::Skip(1) => Self::Marker(false),
            Self::Skip(rest) => Self::Skip(rest - 1),
            Self::Frame(mut frame) => {
                frame.push(byte);
                if let [_, high, low, wide_high, wide_low] = frame[..] {
                    let number = |high, low| u32::from(high) << 8 | u32::from(low);
                    return found(number(wide_high, wide_low), number(high, low));
                }
                Self::Frame(frame)
            }
        };
        Search::Jpeg(next)
    }
}
