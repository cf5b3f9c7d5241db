// Owns how a section of an RFC is linked. The link is followed only when it is clicked, and tells its target nothing.

import { sectionLink } from '../model/frame.js';
import { h } from './dom.js';

/** @param {string} section Such as `RFC 6455 section 5.2`. */
export function section(section) {
  const href = sectionLink(section);
  if (!href) return null;
  const short = section.replace(' section ', ' §');
  return h('a.rfc', { href, target: '_blank', rel: 'noreferrer noopener', title: section }, short);
}
