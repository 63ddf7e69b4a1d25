//! Rendering as users see it: complete outputs in golden files, and properties for any input.

mod support;

mod render {
    mod fixture;
    mod accepted;
    mod orphans;
    mod plans;
    mod applies;
    mod current;
    mod drift;
    mod shapes;
    mod comment;
    mod markup;
    mod page;
    mod schema;
    mod hostile;
    mod large;
    mod unpriced;
}
