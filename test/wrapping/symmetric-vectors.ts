/** Messages whose encryption is known (agent-port.md#symmetric; set C without its time stamps). */

import type { SymmetricScheme } from '../../src/wrapping/symmetric.ts';

export const schemes: readonly SymmetricScheme[] = ['00', '02', '03', '04', '05'];

export interface Vector {
  readonly set: 'A' | 'B' | 'C';
  readonly scheme: SymmetricScheme;
  readonly passphrase: string;
  /** In hex, as is the message. */
  readonly salt: string;
  readonly plain: string;
  readonly message: string;
}

const sets = {
  A: {
    passphrase: 'courier-secret',
    salt: '0123456789abcdef',
    plain: '<<<check_mk>>>\nVersion: 2.3.0\nAgentOS: linux\n',
    messages: {
      '00': '30307c29dc57e391f941013516e639add46f9b1597391ae857034eac95560c605a51ffbfdeefa50e25b305f993afbfd375f6',
      '02': '30325ab4865bfb4939367be2fa1527c2d7a18fd59e524e7d44dd9f4722a3a22175ccd9bfa28ffb38d13942b21696b94a87b9',
      '03': '303353616c7465645f5f0123456789abcdef3cff7cbbfe95f490daa479d84f326ad155ba634d89bf1c5fd4e32836f0bcfae29daff26d431f51ad2e8fae5106105a83',
      '04': '30340123456789abcdefbcb2bc52f13debbd0ce9898cb114df7379e68e5f849f9ca2b29f0632253e47d06adc4ec7d6438ddd643e963bcaba1ef53afc44132cec4e1169d0892e9aab74a88e8554e2091d26ed5b0e2bba36484ade',
      '05': '30350123456789abcdef0c9b2ca3c49512037e388aee68df5770618a8ef8c21ae1ea169a0a30df71c955d66b3731ad3590ab3a574a51d5824520c3f003660b1f943d8b66dfaafe7f595a04983294ec2930f9ac28bd8babb480c2',
    },
  },
  B: {
    passphrase: 'zażółć-ß',
    salt: '0011223344556677',
    plain: '<<<local>>>\n0 "x" - ok\n',
    messages: {
      '02': '3032dea29fd79c430bee3a4793f838c7fe015587ae0edc648a9fa324e8b73cdb0297',
      '03': '303353616c7465645f5f00112233445566774e8f7bd80eaea13e99c7f9eef86253530c0c8dcde06e28ffa4069c833161d487',
      '05': '3035001122334455667737053552353cdeb5706850e41d2dc266f9785c82a709325344b33fc72e282fbebe931e6b567920ca52ca4825f3482ed357d69cc425aa590f7d4e701518186612',
    },
  },
  C: {
    passphrase: 'rt-pass',
    salt: 'a1b2c3d4e5f60718',
    plain: '<<<mem>>>\nMemTotal: 1024 kB\n',
    messages: {
      '02': '303208a3b041220a0bf136998895905ad8db6aa282abf8953b536a9daf56bf609a78',
      '03': '303353616c7465645f5fa1b2c3d4e5f607187e5eb7675dd4f19660a7095c03a256edbfccd198fc1ae3dcffea100ef8649318',
      '04': '3034a1b2c3d4e5f607189d362b9b8a00cee9d1c1a056ac612a0bf0ab69c4b21d3cadf476d786bc8ed719a7dec8c3b778dbd4806842956ff9460ba8dd9fedcb3d5334cf375dc37c017fe3',
      '05': '3035a1b2c3d4e5f60718e6ec2bba8f8c6d1ae3c07b4975b32d3db2b0f60d21d80803b312f7ced7de92d8591103509bfc95f4ed210b82a3f441ed4c8a0a97c6e21cc859df545c4adedb2d',
    },
  },
} satisfies Record<
  string,
  Omit<Vector, 'set' | 'scheme' | 'message'> & {
    readonly messages: Partial<Record<SymmetricScheme, string>>;
  }
>;

export const vectors: readonly Vector[] = (['A', 'B', 'C'] as const).flatMap((set) => {
  const { messages, ...common } = sets[set];
  const given: Partial<Record<SymmetricScheme, string>> = messages;
  return schemes.flatMap((scheme) => {
    const message = given[scheme];
    return message === undefined ? [] : [{ set, scheme, message, ...common }];
  });
});
