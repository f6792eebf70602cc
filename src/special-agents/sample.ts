/** The recipe that `agent init` lays down to begin with. */

/** The schema that lies beside it. */
export const schemaFile = 'recipe.schema.json';

export function toSampleRecipe(name: string): string {
  return `# yaml-language-server: $schema=${schemaFile}
# A recipe: what to ask, and which sections to make of the answers.
#   cmk-courier agent validate ${name}            says what is wrong with it, line by line
#   cmk-courier agent ${name} --address=… -v      runs it, and shows what is asked and answered
#   cmk-courier agent record ${name} --to=DIR …   the same, and keeps what was asked and answered
#   cmk-courier agent test ${name} --from=DIR -v  goes on from there without a network
recipe: 1
title: ${name}
parameters:                       # options of the command, keys of the source
  url:      { type: url, default: 'https://{address}', describe: where the API is }
  username: { type: text, required: true, describe: user of the API }
  password: { type: secret, required: true, describe: its password }
http:                             # any option of the http transport
  user: '{username}'
  password: '{password}'
steps:
  - name: nodes                   # its answer is called nodes from here on
    get: '{url}/api/v1/nodes'
    records: records              # an expression (JSONata): the list in the answer
sections:
  - name: ${name}_nodes
    separator: 0
    each: nodes                   # a row each
    json: '{ "name": name, "state": state }'
  - name: local                   # a service each, without a plug-in
    separator: 0
    each: nodes
    service: { name: '"Node " & name', state: 'state = "ok" ? 0 : 2', text: state }
`;
}
