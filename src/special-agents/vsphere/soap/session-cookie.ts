/** The cookie that is a session. */

/** RFC 6265 4.1.1, a value in quotes included; nothing that could be more than this one cookie. */
const shape = /^[\w.-]{1,100}=("?)[!#-+\--:<-[\]-~]{1,4000}\1$/;

/** As real servers name it. Another one may be that of a load balancer in front of them. */
const usualName = 'vmware_soap_session';

/** Whether a text can be sent as a cookie, `name=value`. */
export function isSessionCookie(text: string): boolean {
  return shape.test(text);
}

/**
 * The session among the cookies that an answer sets; the first one where none has its name.
 *
 * @param header `Set-Cookie`, several joined with commas
 */
export function readSessionCookie(header: string): string | undefined {
  const cookies = header
    .split(/,\s*(?=[\w.-]+=)/)
    .map((cookie) => cookie.replace(/;.*$/s, '').trim())
    .filter(isSessionCookie);
  return cookies.find((cookie) => cookie.startsWith(`${usualName}=`)) ?? cookies[0];
}
