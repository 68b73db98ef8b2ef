//! Sizes as people write them.

/// Octets of "64M", "512MiB", "4g" or "1000000": K, M and G are powers of 1,024.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let wanted = || format!("\"{text}\" is no size; write for example 512M or 4G");
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = lower.get(digits.len()..).unwrap_or_default();
    let shift = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(wanted()),
    };
    let number: u64 = digits.trim().parse().map_err(|_| wanted())?;
    let octets = number.checked_mul(1 << shift).ok_or_else(wanted)?;
    if octets < LEAST {
        return Err(format!("{text} is too little: at least {}M is needed", LEAST >> 20));
    }
    Ok(octets)
}

/// With less than this not even an ordinary capture could be read.
const LEAST: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, octets) in [("64M", 64 << 20), ("512MiB", 512 << 20), ("4g", 4 << 30), ("10000000", 10_000_000)] {
            assert_eq!(size(text), Ok(octets), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_says_how_to_write_one() {
        for text in ["", "much", "M", "-5M", "99999999999T", "5 apples"] {
            assert!(size(text).unwrap_err().contains("512M"), "{text}");
        }
        assert!(size("100k").unwrap_err().contains("8M"));
    }
}
