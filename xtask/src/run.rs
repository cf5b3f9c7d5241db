pub(crate) fn main(_: &[String]) -> crate::Outcome {
    Ok(())
}
