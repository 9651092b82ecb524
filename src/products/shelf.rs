use std::collections::HashMap;

use super::{Product, Products};
use crate::lookup::Lookup;

/// Products in memory.
#[derive(Debug)]
pub struct Shelf {
    products: Vec<Product>,
    by_id: HashMap<String, usize>,
}

impl Shelf {
    /// Puts products on a shelf. Of several with one id, the last is found by it.
    #[must_use]
    pub fn new(products: Vec<Product>) -> Self {
        let by_id = products.iter().enumerate().map(|(at, product)| (product.id.clone(), at)).collect();
        Self { products, by_id }
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
}
