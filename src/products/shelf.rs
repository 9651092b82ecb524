use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::names::stands_alone;
use super::{Product, Products};
use crate::lookup::Lookup;
use crate::text::Plain;

/// Products in memory, found by id, title and alias.
#[derive(Debug)]
pub struct Shelf {
    products: Vec<Product>,
    by_id: HashMap<String, usize>,
    /// Finds all names at once; `None` where they are more than it can hold, or none.
    finder: Option<AhoCorasick>,
    /// Whose each name is: several, where products share it; nobody's, where it is only in the way.
    owners: Vec<Vec<usize>>,
}

impl Shelf {
    /// Puts products on a shelf. Of several with one id, the last is kept.
    #[must_use]
    pub fn new(products: Vec<Product>) -> Self {
        let mut names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let by_id = products.iter().enumerate().map(|(at, product)| (product.id.clone(), at)).collect();
        for (at, product) in products.iter().enumerate() {
            let titles = [&product.title_zh, &product.title_en].map(|title| Plain::of(title).as_str().to_owned());
            let id = product.id.to_lowercase();
            // Customers leave hyphens out.
            let short = id.replace(['-', '_', '.'], "");
            for name in titles.into_iter().chain(product.aliases.clone()).chain([id, short]) {
                let owners = names.entry(name).or_default();
                if !owners.contains(&at) {
                    owners.push(at);
                }
            }
        }
        for phrase in products.iter().flat_map(|product| &product.not_names) {
            names.entry(phrase.clone()).or_default();
        }
        names.remove("");
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(names.keys());
        let finder = finder.ok().filter(|_| !names.is_empty());
        Self { products, by_id, finder, owners: names.into_values().collect() }
    }

    /// The product with this id, in capitals or not.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Product> {
        self.by_id.get(&id.trim().to_uppercase()).map(|at| &self.products[*at])
    }

    /// All products, in the order of their source.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// Products named in a plain text, with the bytes where; several at one place where they share the name.
    #[must_use]
    pub fn find(&self, plain: &str) -> Vec<(&Product, Range<usize>)> {
        let Some(finder) = &self.finder else { return Vec::new() };
        let mut out = Vec::new();
        let mut from = 0;
        while let Some(hit) = finder.find(Input::new(plain).span(from..plain.len())) {
            let range = hit.range();
            if is_named(plain, &range) {
                let owners = &self.owners[hit.pattern().as_usize()];
                out.extend(owners.iter().map(|at| (&self.products[*at], range.clone())));
                from = range.end;
            } else {
                from = range.start + plain[range.start..].chars().next().map_or(1, char::len_utf8);
            }
        }
        out
    }
}

/// A whole name. An id of digits alone could be any number, and counts in links and cards only: `…/1001`, `id=1001`.
fn is_named(plain: &str, range: &Range<usize>) -> bool {
    let name = &plain[range.clone()];
    let is_number = name.bytes().all(|b| b.is_ascii_digit());
    stands_alone(plain, range.start, range.end) && (!is_number || plain[..range.start].ends_with(['=', '/', '#', ':']))
}

impl Products for Shelf {
    fn by_id(&self, id: &str) -> Lookup<Option<Product>> {
        Lookup::Now(Ok(self.get(id).cloned()))
    }

    fn names(&self) -> Vec<(Option<String>, Vec<String>)> {
        let of_product = |product: &Product| {
            let titles = [product.title_zh.clone(), product.title_en.clone(), product.id.clone()];
            (Some(product.id.clone()), titles.into_iter().chain(product.aliases.clone()).collect())
        };
        let others = self.products.iter().flat_map(|product| product.not_names.clone()).collect();
        self.products.iter().map(of_product).chain([(None, others)]).collect()
    }

    fn named_in(&self, plain: &str) -> Vec<(String, Range<usize>)> {
        self.find(plain).into_iter().map(|(product, range)| (product.id.clone(), range)).collect()
    }
}
