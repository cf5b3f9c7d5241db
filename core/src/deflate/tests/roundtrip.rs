use super::super::*;
use alloc::vec::Vec;

#[test]
fn hello() {
    let config = DeflateConfig::default();
    let mut d = Deflation::new(12, false, &config);
    let mut i = Inflation::new(12, false, &config);
    for k in 0..5 {
        let text = alloc::format!("Hello hello hello hello hello hello {k}");
        let mut wire = Vec::new();
        assert!(d.message(text.as_bytes(), None, &mut wire));
        let mut out = Vec::new();
        i.inflate(&wire, &mut out, 1000).unwrap();
        i.finish(&mut out, 1000).unwrap();
        assert_eq!(out, text.as_bytes());
    }
}
