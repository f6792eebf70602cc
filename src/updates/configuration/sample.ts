/** An updates.yaml to begin with: valid as it is, with a comment on every key. */

export const sample = `# yaml-language-server: $schema=updates.schema.json
#
# What runs on which host. Every parameter goes by the first rule that fits the host and sets it;
# each plug-in, each file and each setting of the updater is a parameter of its own.
# \`cmk-courier updates validate\` checks this file, \`cmk-courier updates explain HOST\` shows what
# holds for a host and why, \`cmk-courier updates bake\` makes the packages.

# Lines of NAME ADDRESS TAG… LABEL… /FOLDER @SITE: web01 192.0.2.7 prod cmk/os_family:linux /servers @central
# Without it, on a site, hosts, tags and labels are asked of the site's REST API.
# hostList: hosts.txt

# Names for several hosts: names, globs, or regular expressions between slashes.
groups:
  web: ['web*']

# In which stages hosts get what is published; without them all at once (docs/updates-rollouts.md).
# stages:
#   - name: canary
#     hosts: [web01, db01]
#     soak: 4h
#   - {name: tenth, share: 10%, soak: 1d, successes: 80%, failures: 2%, silent: 10%}
#   - name: everybody

rules:
  - name: web servers
    groups: web
    # hosts: [web01, 'db*', '!db9']  # one of the first, none of those with !
    # folders: [/servers, '!/servers/test']   # in one of them or below
    # sites: [central]            # monitored by one of them
    # tags: [prod, '!offline']    # all of them; with ! in front, must not be there
    # labels: ['cmk/os_family:linux']
    plugins:
      mk_inventory.linux: false   # not here, whatever rules further down say
      # mk_apt: 4h                # from the site, and how often
      # mk_logins: true           # at each run of the agent
      # mk_oracle: {from: plugins/mk_oracle, interval: 10m}   # relative to this file
    # config:
    #   mrpe.cfg: files/mrpe.cfg
    #   mk_oracle.cfg: {from: files/mk_oracle.cfg, confidential: true}   # has a password in it
    # local:
    #   check_backup: {from: local/check_backup, interval: 5m}
    # programs:
    #   waitmax: files/waitmax    # plug-ins find it in PATH

  - name: all hosts
    hosts: '*'
    agent: auto        # Checkmk's own where the site has one, else courier-agent; or the path of a file
    # package: check-mk-agent_2.4.0p1-1_all.deb   # one imported by \`updates import-package\`, as it is
    # action: keep     # as it is; remove-updater switches the updater off, once that is confirmed
    # format: deb      # dpkg installs it; tgz has a way back in every case
    selfTest: 5m       # for this long a new release may show that it works, else the old one returns
    updater:
      interval: 1h
      schedule: plugin # the agent starts the updater; external: cron or a timer of systemd does
      # activated: false
      # allowHttp: true      # plain http; what is confidential never travels over it
      # client: curl
      # proxy: http://proxy.example:3128
      # log: /var/log/courier-update.log
      # syslog: true
      # restart: [check-mk-agent.socket]
`;
