/** A routes file to begin with: valid as it is, with a comment on every key. */

export const sample = `# yaml-language-server: $schema=routes.schema.json
#
# Which sources the agent output of a host comes from. The first route that fits a host counts.
# \`cmk-courier routes validate\` checks this file, \`cmk-courier routes explain HOST\` shows what
# holds for a host, \`cmk-courier routes test HOST\` tries it. The rule in Checkmk is then:
#   cmk-courier fetch --host=$HOSTNAME$ --address=$HOSTADDRESS$
# or, with \`cmk-courier collect\` running:
#   cmk-courier-ready $HOSTNAME$ --address=$HOSTADDRESS$

# For every route that does not say otherwise. All keys may be left out.
defaults:
  maxAge: 5m          # older output is refused, where it can be known when it was produced
  maxSkew: 1m         # and so is output from further in the future
  maxSize: 64MiB
  deadline: 50s       # for all sources together; below the service check timeout of the site
  # timeout: 10s      # for each source; without it each gets an equal share of what is left
  piggyback: drop     # allow, drop, refuse, or patterns of host names
  # sections: [df, 'lnx_*', '!mrpe']    # to keep; with ! in front, to leave out
  # lenient: true     # lets a web page ahead of the sections pass
  # strict: true      # refuses what some version of the site would drop a part of
  # seal: required    # refuses what is not sealed, on every way
  # report: local     # adds the service "Agent courier"; section: for the Checkmk package
  # grace: 30m        # when every source fails, older output stands in, marked as cached
  # passphraseFile: /path/to/passphrase   # of output the agent encrypts
  every: 1m           # how often \`cmk-courier collect\` asks; without it, only the site does

# For \`cmk-courier collect\`.
collector:
  concurrency: 128    # fetches at a time
  perPeer: 8          # of them from one peer that serves several hosts
  # hostList: hosts.txt   # more hosts than the site asks for: lines of NAME ADDRESS TAG…

routes:
  # Hosts are names, globs, or regular expressions between slashes.
  - name: web servers
    hosts: [web01, 'web1*', '/www-[0-9]+/']
    # tags: [prod, '!offline']   # from --tags="$_HOSTTAGS$"; with ! in front, must not be there
    sources:
      - https://depot.example/agent/{host}
      # A source with options of its transport, which are those of the command line.
      - uri: ssh://monitor@{address}
        connectTimeout: 5s
        timeout: 15s
    report: local
    grace: 30m

  # The newest of what two ways have brought, whichever answers first.
  - name: dropped twice
    hosts: 'branch-*'
    sources:
      - /var/lib/drops/{host}.txt
      - 'spool:'             # a colon at the end needs quotes
    pick: freshest
    maxAge: 15m

  # Everything else: the agent port.
  - name: agents
    hosts: '*'
    sources: tcp://{address}
`;
