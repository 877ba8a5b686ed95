import { describe, expect, it } from 'vitest'
import { parseForeignHash } from './foreign-hash.ts'

const hash = Buffer.alloc(32, 7).toString('base64')

describe('a foreign hash', () => {
  it.each([
    ['bcrypt', '$2b$12$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.', { cost: 12 }],
    ['bcrypt', '$2y$04$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.', { cost: 4 }],
    ['scrypt', `$scrypt$ln=17,r=8,p=10$c2FsdA$${hash}`, { logN: 17, r: 8, p: 10, salt: Buffer.from('salt') }],
    ['pbkdf2', `$pbkdf2-sha512$i=10000000$c2FsdA==$${hash}`, { digest: 'sha512', iterations: 10_000_000 }],
    ['pbkdf2', `$pbkdf2-sha256$i=1000,l=32$c2FsdA$${hash}`, { digest: 'sha256', iterations: 1_000 }],
    ['pbkdf2', `$pbkdf2$29000$c2FsdA$${hash}`, { digest: 'sha1', iterations: 29_000 }],
    ['pbkdf2', `pbkdf2_sha256$600000$NaCl$${hash}`, { digest: 'sha256', salt: Buffer.from('NaCl') }],
    ['firebase-scrypt', `$firescrypt$ln=14,r=8,p=1$c2FsdA==$${hash}$Bw==$${hash}`, { logN: 14, r: 8 }],
    ['argon2', `$argon2i$v=16$m=1048576,t=10,p=16$c29tZXNhbHQ$${hash}`, { memoryKiB: 1_048_576, passes: 10 }],
    ['argon2', `$argon2d$m=8,t=1,p=1$c29tZXNhbHQ$${hash}`, { lanes: 1 }],
  ])('may be %s: %s', (scheme, text, said) => {
    expect(parseForeignHash(text)).toMatchObject({ scheme, ...said })
  })

  it.each([
    ['bcrypt of cost 17', '$2b$17$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.', 'bcrypt cost of 17'],
    ['the broken $2x$', '$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e', 'one of these kinds'],
    ['bcrypt cut short', '$2b$12$DCq7YPn5Rq63x1Lad4cll', 'is no bcrypt hash'],
    ['scrypt of N = 2^18', `$scrypt$ln=18,r=8,p=1$c2FsdA$${hash}`, 'scrypt logN of 18; accepted is 1 to 17'],
    ['scrypt of r = 9', `$scrypt$ln=14,r=9,p=1$c2FsdA$${hash}`, 'scrypt r of 9'],
    ['scrypt of p = 16', `$scrypt$ln=10,r=8,p=16$TmFDbA$${hash}`, 'scrypt p of 16'],
    ['scrypt of more than its block size allows', `$scrypt$ln=16,r=1,p=1$c2FsdA$${hash}`, 'accepted is 1 to 15'],
    ['scrypt without salt', `$scrypt$ln=14,r=8,p=1$$${hash}`, 'is no scrypt hash'],
    ['scrypt in another order', `$scrypt$r=8,ln=14,p=1$c2FsdA$${hash}`, 'is no scrypt hash'],
    ['PBKDF2 of eleven million', `$pbkdf2-sha256$i=11000000$c2FsdA$${hash}`, 'iterations of 11000000'],
    [
      'PBKDF2 of ten million for each of several blocks',
      `$pbkdf2-sha1$i=10000000$c2FsdA$${hash}`,
      'iterations of 20000000',
    ],
    ['PBKDF2 of none', `$pbkdf2-sha256$i=0$c2FsdA$${hash}`, 'iterations of 0'],
    ['PBKDF2 with MD5', `$pbkdf2-md5$i=1000$c2FsdA$${hash}`, 'one of these kinds'],
    ['a hash of four bytes', '$pbkdf2-sha256$i=1000$c2FsdA$AAAAAA', 'is no PBKDF2 hash'],
    ['Firebase without a signer key', `$firescrypt$ln=14,r=8,p=1$c2FsdA==$${hash}$Bw==`, 'is no Firebase hash'],
    ['Firebase of p = 2', `$firescrypt$ln=14,r=8,p=2$c2FsdA==$${hash}$Bw==$${hash}`, 'Firebase p of 2'],
    ['argon2 of 2 GiB', `$argon2id$v=19$m=2097152,t=1,p=1$c29tZXNhbHQ$${hash}`, 'memoryKiB of 2097152'],
    ['argon2 of eleven passes', `$argon2id$v=19$m=8,t=11,p=1$c29tZXNhbHQ$${hash}`, 'passes of 11'],
    ['argon2 of 17 lanes', `$argon2id$v=19$m=256,t=1,p=17$c29tZXNhbHQ$${hash}`, 'lanes of 17'],
    ['argon2 of less than its lanes need', `$argon2id$v=19$m=127,t=1,p=16$c29tZXNhbHQ$${hash}`, 'memoryKiB of 127'],
    ['argon2 with a key of its own', `$argon2id$v=19$m=8,t=1,p=1,keyid=AA$c29tZXNhbHQ$${hash}`, 'is no argon2'],
    ['a password', 'correct horse battery staple', 'one of these kinds'],
    ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99', 'one of these kinds'],
    ['nothing', '', 'one of these kinds'],
    ['a megabyte', `$2b$${'1'.repeat(1_000_000)}`, 'at most 1024 characters'],
    ['a line more', '$2b$12$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.\n', 'is no bcrypt hash'],
  ])('may not be %s', (_what, text, fault) => {
    expect(parseForeignHash(text)).toMatchObject({ fault: expect.stringContaining(fault) })
  })
})
