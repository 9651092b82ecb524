//! Places that a parcel may go to, and finding them in text. The list is data: `places.tsv` beside this file.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::Plain;

/// A place: a province-level region, a city or a county of one, or abroad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(usize);

struct Place {
    zh: &'static str,
    en: &'static str,
    province: usize,
}

struct Gazetteer {
    places: Vec<Place>,
    by_name: HashMap<String, usize>,
    longest: usize,
}

static GAZETTEER: LazyLock<Gazetteer> = LazyLock::new(|| {
    let rows: Vec<Vec<&str>> =
        include_str!("places.tsv").lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let provinces: HashMap<&str, usize> =
        rows.iter().enumerate().filter(|(_, row)| row[0] == row[2]).map(|(at, row)| (row[0], at)).collect();
    let mut by_name = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        let aliases = row.get(3).into_iter().flat_map(|aliases| aliases.split(','));
        for name in [row[0], row[1]].into_iter().chain(aliases).filter(|name| !name.is_empty()) {
            by_name.entry(Plain::of(name).as_str().to_owned()).or_insert(at);
        }
    }
    let places = rows.iter().map(|row| Place { zh: row[0], en: row[1], province: provinces[row[2]] }).collect();
    let longest = by_name.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    Gazetteer { places, by_name, longest }
});

impl Region {
    /// The everyday name, in English or in simplified Chinese.
    #[must_use]
    pub fn name(self, english: bool) -> String {
        let place = &GAZETTEER.places[self.0];
        if english { place.en } else { place.zh }.to_owned()
    }

    /// The province-level region that it lies in.
    #[must_use]
    pub fn province(self) -> Self {
        Self(GAZETTEER.places[self.0].province)
    }

    /// Whether this is `other` or lies in it.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self == other || self.province() == other
    }
}

/// The place of this name or alias.
#[must_use]
pub fn by_name(name: &str) -> Option<Region> {
    GAZETTEER.by_name.get(Plain::of(name).as_str()).copied().map(Region)
}

/// The names of the province-level regions.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let places = &GAZETTEER.places;
    places.iter().enumerate().filter(|(at, place)| place.province == *at).map(|(_, place)| place.zh).collect()
}

/// The place named in a plain text, and the name as written. Of several the most specific, then the last: people
/// write 浙江杭州, and 从北京发到新疆 is about Xinjiang.
#[must_use]
pub fn find(plain: &str) -> Option<(Region, String)> {
    let chars: Vec<(usize, char)> = plain.char_indices().collect();
    let mut found: Option<(Region, String)> = None;
    let mut at = 0;
    while at < chars.len() {
        let longest = GAZETTEER.longest.min(chars.len() - at);
        let hit = (2..=longest).rev().find_map(|length| {
            let start = chars[at].0;
            let end = chars.get(at + length).map_or(plain.len(), |(byte, _)| *byte);
            let name = &plain[start..end];
            let region = *GAZETTEER.by_name.get(name)?;
            // An English name must stand alone as a word.
            let latin = name.starts_with(|c: char| c.is_ascii_alphabetic());
            let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            let before = at.checked_sub(1).map(|at| chars[at].1);
            let after = chars.get(at + length).map(|(_, c)| *c);
            (!latin || !(inside(before) || inside(after))).then(|| (Region(region), name.to_owned(), length))
        });
        match hit {
            Some((region, name, length)) => {
                let narrows = |(kept, _): &(Region, String)| kept.is_within(region) && *kept != region;
                if !found.as_ref().is_some_and(narrows) {
                    found = Some((region, name));
                }
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_places() {
        for (text, zh) in [
            ("到新疆运费多少", Some("新疆")),
            ("寄到浙江杭州要多少钱", Some("杭州")),
            ("杭州（浙江）", Some("杭州")),
            ("从北京发到喀什", Some("喀什")),
            ("shipping to hong kong", Some("香港")),
            ("你好", None),
            ("", None),
        ] {
            assert_eq!(find(text).map(|(region, _)| region.name(false)).as_deref(), zh, "{text}");
        }
        let (region, _) = find("喀什").unwrap();
        assert!(region.is_within(by_name("新疆").unwrap()));
    }
}
