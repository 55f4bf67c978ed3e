//! Files that were saved here, opened again: each carries the link that shows the same moment.

/// How links begin that files carry, and the longest that is looked for of each: of Explore, of the memory lab with its
/// steps, of a figure.
const STARTS: [(&[u8], usize); 3] =
    [(b"#/explore?v=", 4_000), (b"#/memory?lab=", 300_000), (b"#/figures/", 100)];
/// How files begin that are captures, whatever else they hold: pcap in four shapes, and pcapng.
const CAPTURES: [[u8; 4]; 8] = [
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xcd, 0x34],
    [0x34, 0xcd, 0xb2, 0xa1],
    [0x0a, 0x0d, 0x0d, 0x0a],
    [0; 4],
];

/// Whether a file that begins so is a capture; four bytes are enough.
pub fn is_capture(bytes: &[u8]) -> bool {
    CAPTURES.iter().any(|magic| bytes.starts_with(magic))
}

/// The link in a file that was saved here, from `#` on; None for captures, and for anything else without one.
pub fn link_in(bytes: &[u8]) -> Option<String> {
    if is_capture(bytes) {
        return None;
    }
    // In a PNG behind the text is a checksum, which may look like more of it.
    let bytes = text_of_png(bytes).unwrap_or(bytes);
    let begins = |at: usize| {
        let begins = |(begin, _): &&(&[u8], usize)| bytes[at..].starts_with(begin);
        Some((at, STARTS.iter().find(begins)?.1))
    };
    let (start, longest) = (0..bytes.len()).filter(|at| bytes[*at] == b'#').find_map(begins)?;
    let rest = &bytes[start..bytes.len().min(start + longest)];
    let end = rest.iter().position(|byte| !byte.is_ascii_graphic() || b"<>\"'\\`".contains(byte));
    let text = std::str::from_utf8(&rest[..end.unwrap_or(rest.len())]).ok()?;
    Some(text.replace("&amp;", "&"))
}

/// The first text chunk of a PNG file, if it is one and has any (PNG specification, section 5.3: length, type, data, CRC).
fn text_of_png(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(PNG)?;
    loop {
        let (len, chunk) = rest.split_first_chunk()?;
        let len = u32::from_be_bytes(*len) as usize;
        let data = chunk.get(4..)?.get(..len)?;
        if chunk.starts_with(b"tEXt") {
            return Some(data);
        }
        rest = chunk.get(len + 8..)?;
    }
}

/// How PNG files begin.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The CRC of PNG's chunks. A few bytes a file: not worth a table, which every page would load.
const CRC: crc::Crc<u32, crc::NoTable> = crc::Crc::<u32, crc::NoTable>::new(&crc::CRC_32_ISO_HDLC);

/// A PNG file with a text of its own behind its header (PNG specification, section 11.3.3); anything else comes back as it
/// was.
pub fn png_with_text(png: &[u8], key: &str, text: &str) -> Vec<u8> {
    // Signature, and the header chunk, which is always the first and as long.
    const HEAD: usize = 8 + 25;
    if !png.starts_with(PNG) || png.len() < HEAD {
        return png.to_vec();
    }
    let mut data = Vec::from(*b"tEXt");
    data.extend(key.bytes().chain([0]).chain(text.bytes()));
    let mut out = png[..HEAD].to_vec();
    out.extend((data.len() as u32 - 4).to_be_bytes());
    out.extend(&data);
    out.extend(CRC.checksum(&data).to_be_bytes());
    out.extend(&png[HEAD..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "#/explore?v=2&line=16&at=5";

    #[test]
    fn links_are_found_in_what_is_saved_here() {
        let svg = format!("<svg><metadata>{}</metadata></svg>", LINK.replace('&', "&amp;"));
        let csv = format!("# Snapstack: Bytes copied (B)\n# demo\n# {LINK}\nevent,time_ns");
        let json = format!("{{\"link\": \"{LINK}\"}}");
        for text in [svg, csv, json] {
            assert_eq!(link_in(text.as_bytes()).as_deref(), Some(LINK));
        }
        let lab = "#/memory?lab=1;16;c6162;s1;o1,4,6364";
        for (text, link) in [
            (format!("<metadata>{lab}</metadata>"), Some(lab)),
            ("<metadata>#/figures/4?step=7</metadata>".to_owned(), Some("#/figures/4?step=7")),
            ("Dear all, this is letter #7.".to_owned(), None),
        ] {
            assert_eq!(link_in(text.as_bytes()).as_deref(), link);
        }
        assert!(is_capture(&[0xd4, 0xc3, 0xb2, 0xa1]) && !is_capture(b"<svg"));
        let mut capture = vec![0xd4, 0xc3, 0xb2, 0xa1];
        capture.extend(LINK.bytes());
        assert_eq!(link_in(&capture), None, "a capture is a capture, whatever its packets hold");
    }

    #[test]
    fn a_png_keeps_its_picture_and_carries_the_link() {
        let mut png = PNG.to_vec();
        png.extend(*b"\0\0\0\x0dIHDR");
        png.extend([0; 17]);
        png.extend(b"rest");
        let with = png_with_text(&png, "Link", LINK);
        // Whatever its checksum looks like, of which many are letters.
        for at in 0..500 {
            let link = format!("{LINK}{at}");
            assert_eq!(link_in(&png_with_text(&png, "Link", &link)), Some(link));
        }
        assert!(with.starts_with(&png[..33]) && with.ends_with(b"rest"));
        assert_eq!(with.len(), png.len() + 12 + 5 + LINK.len());
        assert_eq!(png_with_text(b"no png", "Link", LINK), b"no png");
    }
}
