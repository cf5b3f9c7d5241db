// Owns how a section of an RFC is linked. The link is followed only when it is clicked, and tells its target nothing.

/** @import { Rule } from '../engine.d.ts' */
import { sectionLink } from '../model/frame.js';
import { h } from './dom.js';

/** @param {string} section Such as `RFC 6455 section 5.2`. */
export function section(section) {
  const href = sectionLink(section);
  if (!href) return null;
  const short = section.replace(' section ', ' §');
  return h('a.rfc', { href, target: '_blank', rel: 'noreferrer noopener', title: section }, short);
}

/**
 * What a problem's sentence says beyond its rule, which stands beside it: code, expectation and section are left out.
 * @param {string} text @param {Rule} rule
 */
export function finding(text, rule) {
  return upper(sentence(text, rule).replace(`Expected ${rule.expected}, `, ''));
}

/** A problem's sentence without the code and the section. @param {string} text @param {Rule} rule */
export function sentence(text, rule) {
  return upper(text.replace(`${rule.code}: `, '').replace(` (${rule.section})`, ''));
}

/** @param {string} text */
function upper(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
