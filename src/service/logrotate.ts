/** What keeps a service's log in a site from growing: the site's cron runs logrotate(8). */

import { fileMark, type Service } from './service.ts';

/** @param site its directory */
export function logrotateFile({ name }: Service, site: string): string {
  // The service goes on writing to the end of the file it has open.
  return `${fileMark}
"${site}/var/log/${name}.log" {
    weekly
    maxsize 20M
    rotate 4
    compress
    missingok
    notifempty
    copytruncate
}
`;
}
