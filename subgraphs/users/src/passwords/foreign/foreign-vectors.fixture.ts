/** Hashes that others published, with the passwords they were made of. */

const b64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')
const salted = (salt: string) => Buffer.from(salt).toString('base64')

export interface Vector {
  readonly source: string
  readonly password: string
  readonly hash: string
}

const vector = (source: string, password: string, hash: string): Vector => ({ source, password, hash })

// The sample project of github.com/firebase/scrypt: memory cost 14, rounds 8.
const firebaseSignerKey = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=='
const firebaseSample = 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=='

export const vectors: readonly Vector[] = [
  vector('jBCrypt, empty', '', '$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.'),
  vector('jBCrypt, a', 'a', '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe'),
  vector('jBCrypt, abc', 'abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'),
  vector('Openwall, U*U*', 'U*U*', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'),
  vector('Openwall, U*U*U', 'U*U*U', '$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a'),
  vector(
    'Openwall, more than 72 bytes',
    '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored',
    '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui',
  ),
  vector(
    'RFC 7914 section 12, scrypt',
    'pleaseletmein',
    `$scrypt$ln=14,r=8,p=1$${salted('SodiumChloride')}$${b64('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887')}`,
  ),
  vector(
    'RFC 6070, PBKDF2-HMAC-SHA1, 4096 iterations',
    'password',
    `$pbkdf2-sha1$i=4096$${salted('salt')}$${b64('4b007901b765489abead49d926f721d065a429c1')}`,
  ),
  vector(
    'RFC 6070, PBKDF2-HMAC-SHA1, long password and salt',
    'passwordPASSWORDpassword',
    `$pbkdf2$4096$${salted('saltSALTsaltSALTsaltSALTsaltSALTsalt')}$${b64('3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038')}`,
  ),
  vector(
    'RFC 6070, PBKDF2-HMAC-SHA1, with NUL',
    'pass\0word',
    `$pbkdf2-sha1$i=4096,l=16$${salted('sa\0lt')}$${b64('56fa6aa75548099dcc37d7f03425e0c3')}`,
  ),
  vector(
    'RFC 7914 section 11, PBKDF2-HMAC-SHA256',
    'Password',
    `$pbkdf2-sha256$i=80000$${salted('NaCl')}$${b64('4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d')}`,
  ),
  vector(
    'PBKDF2-HMAC-SHA512, one iteration',
    'password',
    `$pbkdf2-sha512$i=1$${salted('salt')}$${b64('867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce')}`,
  ),
  vector('Django', 'l\u00e8tmein', 'pbkdf2_sha256$24000$seasalt$V9DfCAVoweeLwxC/L2mb+7swhzF0XYdyQMqmusZqiTc='),
  vector(
    'passlib, PBKDF2-HMAC-SHA512',
    'hashcat',
    '$pbkdf2-sha512$25000$LyWE0HrP2RsjZCxlDGFMKQ$1vC5Ohk2mCS9b6akqsEfgeb4l74SF8XjH.SljXf3dMLHdlY1GK9ojcCKts6/asR4aPqBmk74nCDddU3tvSCJvw',
  ),
  vector(
    'github.com/firebase/scrypt',
    'user1password',
    `$firescrypt$ln=14,r=8,p=1$42xEC+ixf3L2lw==$${firebaseSample}$Bw==$${firebaseSignerKey}`,
  ),
  vector(
    'argon2 reference, argon2id',
    'password',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ),
  vector(
    'argon2 reference, argon2i',
    'password',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
  ),
  vector(
    'argon2 reference, argon2i of version 1.0',
    'password',
    '$argon2i$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ',
  ),
]
