/**
 * AWS KMS through its own client, which is an optional package: it is loaded at the first signature, and credentials
 * come from where AWS clients look for them. Keys: ECC_SECG_P256K1, sign and verify.
 */
import { KmsClientMissingError } from './errors.ts'
import type { KmsPort } from './kms.ts'

export interface AwsKmsOptions {
  /** Key id, ARN or alias. */
  readonly keyId: string
  /** Null: from the environment, as AWS clients do. */
  readonly region: string | null
  /** Loads the client's package; another one in tests. */
  readonly load?: () => Promise<AwsKmsModule>
}

/** What is used of `@aws-sdk/client-kms`. */
export interface AwsKmsModule {
  readonly KMSClient: new (options: { region?: string; maxAttempts: number }) => {
    send(command: unknown): Promise<{ readonly PublicKey?: Uint8Array; readonly Signature?: Uint8Array }>
  }
  readonly GetPublicKeyCommand: new (input: { KeyId: string }) => unknown
  readonly SignCommand: new (input: {
    KeyId: string
    Message: Uint8Array
    MessageType: 'DIGEST'
    SigningAlgorithm: 'ECDSA_SHA_256'
  }) => unknown
}

const PACKAGE = '@aws-sdk/client-kms'
const ATTEMPTS = 2

/** Loads nothing yet. The calls throw KmsClientMissingError, or what AWS answers. */
export function awsKms({ keyId, region, load = loadClient }: AwsKmsOptions): KmsPort {
  let opened: Promise<{ kms: AwsKmsModule; client: InstanceType<AwsKmsModule['KMSClient']> }> | null = null
  const open = async (): NonNullable<typeof opened> => {
    const kms = await load()
    return { kms, client: new kms.KMSClient({ ...(region !== null && { region }), maxAttempts: ATTEMPTS }) }
  }
  const use = (): NonNullable<typeof opened> => (opened ??= open())
  return {
    publicKey: async () => {
      const { kms, client } = await use()
      return wanted((await client.send(new kms.GetPublicKeyCommand({ KeyId: keyId }))).PublicKey)
    },
    sign: async digest => {
      const { kms, client } = await use()
      const command = new kms.SignCommand({
        KeyId: keyId,
        Message: digest,
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      })
      return wanted((await client.send(command)).Signature)
    },
  }
}

async function loadClient(): Promise<AwsKmsModule> {
  try {
    return (await import(PACKAGE)) as AwsKmsModule // the part of the package that is used here
  } catch (cause) {
    throw new KmsClientMissingError(`${PACKAGE} is not installed`, { cause })
  }
}

function wanted(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw new Error('the KMS answered without a value')
  return bytes
}
