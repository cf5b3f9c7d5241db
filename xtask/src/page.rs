use std::path::PathBuf;
pub(crate) fn build() -> Result<Vec<PathBuf>, String> {
    Ok(vec![crate::repository::root().join("docs")])
}
