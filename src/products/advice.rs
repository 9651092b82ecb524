//! What a product's data answer: which size, which fact.

use super::names::find;
use super::{Attribute, Product};
use crate::text::Plain;

/// Which size fits somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit<'p> {
    /// This one, and no other.
    Fits(&'p str),
    /// The first and the last of several; the last, which is the larger, is advised.
    Between(&'p str, &'p str),
    /// None, or there is no chart.
    None,
}

impl<'p> Fit<'p> {
    /// The size to advise.
    #[must_use]
    pub fn advised(self) -> Option<&'p str> {
        match self {
            Self::Fits(size) | Self::Between(_, size) => Some(size),
            Self::None => None,
        }
    }
}

impl Product {
    /// The size for a height in centimetres and a weight in kilograms. Charts are written from small to large.
    #[must_use]
    pub fn size_for(&self, height: f64, weight: f64) -> Fit<'_> {
        let within = |(from, to): (u32, u32), value: f64| (f64::from(from)..=f64::from(to)).contains(&value);
        let mut rows = self.size_chart.iter().filter(|row| within(row.height, height) && within(row.weight, weight));
        match (rows.next(), rows.next_back()) {
            (Some(first), Some(last)) => Fit::Between(&first.size, &last.size),
            (Some(only), None) => Fit::Fits(&only.size),
            _ => Fit::None,
        }
    }

    /// The fact that a plain text asks for; of several the one that is asked for first.
    #[must_use]
    pub fn fact(&self, plain: &str) -> Option<&Attribute> {
        self.facts(plain).first().copied()
    }

    /// The facts that a plain text asks for, in the order of the text. The product's own names ask for nothing: 纯棉四件套多少钱
    /// is not about what it is made of.
    #[must_use]
    pub fn facts(&self, plain: &str) -> Vec<&Attribute> {
        let text = self.without_names(plain);
        let place = |attribute: &Attribute| {
            attribute.names.iter().filter_map(|name| find(&text, name)).min_by_key(|hit| hit.start)
        };
        let mut asked: Vec<(usize, &Attribute)> =
            self.attributes.iter().filter_map(|attribute| Some((place(attribute)?.start, attribute))).collect();
        asked.sort_by_key(|(start, _)| *start);
        asked.into_iter().map(|(_, attribute)| attribute).collect()
    }

    fn without_names(&self, plain: &str) -> String {
        let titles = [&self.title_zh, &self.title_en].map(|title| Plain::of(title).as_str().to_owned());
        let mut names: Vec<&str> = titles.iter().chain(&self.aliases).map(String::as_str).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.iter().fold(plain.to_owned(), |text, name| if name.is_empty() { text } else { text.replace(name, " ") })
    }
}
