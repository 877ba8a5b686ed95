import { describe, expect, it } from 'vitest'
import { alreadyRegisteredMail, escapeHtml, verificationMail } from './mail.ts'

describe('a mail', () => {
  it('that confirms an address carries the link, in both forms', () => {
    const { to, text, html } = verificationMail('ada@example.com', 'tok-_1', 'https://id.example.com')
    expect(to).toBe('ada@example.com')
    expect(text).toContain('\nhttps://id.example.com/verify-email?token=tok-_1\n')
    expect(html).toContain('<a href="https://id.example.com/verify-email?token=tok-_1">')
  })

  it('to an address that is an account carries no token', () => {
    const { text, html } = alreadyRegisteredMail('ada@example.com', 'https://id.example.com')
    expect(text + html).not.toContain('token')
    expect(text).toContain('https://id.example.com')
  })

  it('has nothing in its HTML that could be read as markup', () => {
    const { html } = verificationMail('ada@example.com', '"><script>', 'https://id.example.com')
    expect(html).not.toContain('<script>')
    expect(escapeHtml(`<a href='x'>&"`)).toBe('&lt;a href=&#39;x&#39;&gt;&amp;&quot;')
  })
})
