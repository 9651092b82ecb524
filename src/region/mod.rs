//! Places that a parcel may go to, and finding them in text. The lists are data: `places.tsv` beside this
//! file, chosen by hand, and `counties.tsv`, written by `training/places.py`.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::text::Plain;

/// A place: a province-level region, a city or a county of one, or abroad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(usize);

struct Place {
    zh: &'static str,
    en: &'static str,
    province: usize,
    /// The city that a county lies in; otherwise the province.
    city: usize,
}

struct Gazetteer {
    places: Vec<Place>,
    by_name: HashMap<String, usize>,
    finder: AhoCorasick,
    /// By the finder's pattern.
    names: Vec<Name>,
}

/// What a name may stand for.
#[derive(Default)]
struct Name {
    /// Wherever it stands.
    anywhere: Option<usize>,
    /// Right after the city or the province that each lies in.
    after: Vec<usize>,
}

static GAZETTEER: LazyLock<Gazetteer> = LazyLock::new(Gazetteer::read);

impl Gazetteer {
    fn read() -> Self {
        let table = |text: &'static str| text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<&str>>());
        let rows: Vec<Vec<&str>> = table(include_str!("places.tsv")).collect();
        let provinces: HashMap<&str, usize> =
            rows.iter().enumerate().filter(|(_, row)| row[0] == row[2]).map(|(at, row)| (row[0], at)).collect();
        let mut by_name = HashMap::new();
        let mut names: HashMap<String, Name> = HashMap::new();
        let mut places = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let province = provinces[row[2]];
            places.push(Place { zh: row[0], en: row[1], province, city: province });
            let aliases = row.get(3).into_iter().flat_map(|aliases| aliases.split(','));
            for name in [row[0], row[1]].into_iter().chain(aliases).filter(|name| !name.is_empty()) {
                let name = Plain::of(name).as_str().to_owned();
                by_name.entry(name.clone()).or_insert(at);
                names.entry(name).or_default().anywhere.get_or_insert(at);
            }
        }
        for row in table(include_str!("counties.tsv")) {
            let province = provinces[row[2]];
            let is_known =
                |at: &usize| *at < rows.len() && places[*at].zh == row[0] && places[*at].province == province;
            let at = by_name.get(row[0]).copied().filter(is_known).unwrap_or(places.len());
            let city = by_name.get(row[3]).copied().filter(|city| places[*city].province == province);
            let city = city.filter(|city| *city != at).unwrap_or(province);
            // Names are written in plain form: normalising thousands of them takes longer than all the rest.
            let columns = [(row[4], true), (row[5], false)];
            let own =
                || columns.iter().flat_map(|(names, is_anywhere)| names.split(',').map(|name| (name, *is_anywhere)));
            if at == places.len() {
                let short = own().map(|(name, _)| name).find(|name| !name.is_empty()).unwrap_or(row[0]);
                places.push(Place { zh: row[0], en: row[1], province, city });
                by_name.entry(short.to_owned()).or_insert(at);
                by_name.entry(format!("{}{short}", places[city].zh)).or_insert(at);
            }
            places[at].city = city;
            for (name, is_anywhere) in own().filter(|(name, _)| !name.is_empty()) {
                let name = names.entry(name.to_owned()).or_default();
                if is_anywhere {
                    name.anywhere.get_or_insert(at);
                } else {
                    name.after.push(at);
                }
            }
        }
        let (patterns, names): (Vec<String>, Vec<Name>) = names.into_iter().unzip();
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        Self { places, by_name, finder: finder.expect("a constant list of names"), names }
    }
}

impl Region {
    /// The everyday name, in English or in simplified Chinese.
    #[must_use]
    pub fn name(self, english: bool) -> String {
        let place = &GAZETTEER.places[self.0];
        if english { place.en } else { place.zh }.to_owned()
    }

    /// A name that [`by_name`] knows as this very place: with its city where another county is called the same.
    #[must_use]
    pub fn full_name(self) -> String {
        let place = &GAZETTEER.places[self.0];
        if by_name(place.zh) == Some(self) {
            return place.zh.to_owned();
        }
        format!("{}{}", GAZETTEER.places[place.city].zh, place.zh)
    }

    /// The province-level region that it lies in.
    #[must_use]
    pub fn province(self) -> Self {
        Self(GAZETTEER.places[self.0].province)
    }

    /// Whether this is `other` or lies in it.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self == other || self.province() == other || GAZETTEER.places[self.0].city == other.0
    }

    /// Whether this is one of these or lies in one of them.
    #[must_use]
    pub fn is_within_any(self, others: &[Self]) -> bool {
        others.iter().any(|other| self.is_within(*other))
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

/// A place named in a text.
#[derive(Debug, Clone)]
pub struct Mention {
    /// The place.
    pub region: Region,
    /// The bytes of its name.
    pub range: Range<usize>,
    /// Whether the name may be an everyday word just as well, so that what stands around it must tell.
    pub is_doubtful: bool,
}

/// The places named in a plain text, in order. A name that several counties have counts right after the city or the
/// province that it lies in.
#[must_use]
pub fn mentions(plain: &str) -> Vec<Mention> {
    let mut out: Vec<Mention> = Vec::new();
    for hit in GAZETTEER.finder.find_iter(plain) {
        let text = &plain[hit.range()];
        // An English name must stand alone as a word.
        let is_latin = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let is_inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if is_latin
            && (is_inside(plain[..hit.start()].chars().next_back()) || is_inside(plain[hit.end()..].chars().next()))
        {
            continue;
        }
        let name = &GAZETTEER.names[hit.pattern().as_usize()];
        let is_beside = |before: &&Mention| ["", "省", "市", " "].contains(&&plain[before.range.end..hit.start()]);
        let before = out.last().filter(is_beside).map(|before| before.region);
        let lies_there = |at: &&usize| before.is_some_and(|before| Region(**at).is_within(before));
        let sure = name.after.iter().find(lies_there).copied().or(name.anywhere);
        let only = if let [only] = name.after.as_slice() { Some(*only) } else { None };
        let region = sure.or(only).map(Region);
        out.extend(region.map(|region| Mention { region, range: hit.range(), is_doubtful: sure.is_none() }));
    }
    out
}

/// The place named in a plain text, and the name as written. Of several the most specific, then the last: people
/// write 浙江杭州, and 从北京发到新疆 is about Xinjiang.
#[must_use]
pub fn find(plain: &str) -> Option<(Region, String)> {
    let mut found: Option<(Region, String)> = None;
    for Mention { region, range, .. } in mentions(plain).into_iter().filter(|mention| !mention.is_doubtful) {
        let narrows = |(kept, _): &(Region, String)| kept.is_within(region) && *kept != region;
        if !found.as_ref().is_some_and(narrows) {
            found = Some((region, plain[range].to_owned()));
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
