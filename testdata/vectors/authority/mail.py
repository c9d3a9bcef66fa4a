"""Writes mail.tsv: addresses after RFC 5321, RFC 5322 and RFC 6531, and what the package email-validator makes of each.

    pip install email-validator==2.4.0
    python3 mail.py > mail.tsv

The package (Unlicense, https://github.com/JoshData/python-email-validator) decides which are addresses and which are the same one: its normal
form, in small letters, since no provider in use tells capitals apart. Tags after a plus and Gmail's dots are ours, and have no line here.
"""

import sys
from importlib.metadata import version

import email_validator
from email_validator import EmailNotValidError, validate_email

email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
LOCALS = ["ann.lee", "Ann.Lee", "ANN", "ann_lee", "ann-lee", "o'neill", "a", "1", "12345", "a1.b2.c3", "x" * 64, "ann!lee", "ann#1", "ann$", "ann%lee", "ann&lee", "ann*", "ann/lee",
          "ann=lee", "ann?lee", "ann^", "ann`lee", "{ann}", "ann|lee", "ann~", "jörg", "JÖRG", "jo\u0308rg", "анна", "王小明", "ann..lee", ".ann", "ann.", "ann lee", '"ann lee"', '"ann"', "ann(x)", "ann,lee",
          "ann:lee", "ann;lee", "ann\\lee", "ann[lee]", ""]
DOMAINS = ["post.example", "POST.Example", "mail.post.example", "a-b.example", "1.example", "x1.example", "müller.example", "MÜLLER.example", "mu\u0308ller.example", "xn--mller-kva.example",
           "post.co.uk", "例え.example", "post", "post..example", ".post.example", "post.example.", "-post.example", "post-.example", "po_st.example", "192.0.2.1", "[192.0.2.1]", "[IPv6:2001:db8::1]",
           "post.123", "post.e", "post example", "x" * 63 + ".example", ""]
REASONS = {
    '"': "quoted local parts are not read",
    "[": "an address at a number is nobody's",
    "xn--": "domains in Punycode are not decoded",
    "{": "braces and bars stand round and between addresses",
    "|": "braces and bars stand round and between addresses",
    "post.e": "no top-level domain has one letter",
}


def main():
    print("# A text, the address that it is (`-`: none), and the reason where ours is another.")
    print(f"# Source: email-validator {version('email-validator')} (Unlicense), which follows RFC 5321, 5322, 6531 and IDNA 2008; made by mail.py.")
    for local, domain in [(local, "post.example") for local in LOCALS] + [("ann", domain) for domain in DOMAINS]:
        text = f"{local}@{domain}"
        try:
            found = validate_email(text, check_deliverability=False, allow_quoted_local=True, allow_domain_literal=True, allow_smtputf8=True)
            # What is the same without quotes is the same address.
            normal = found.normalized.lower()
        except EmailNotValidError:
            normal = "-"
        reason = next((reason for mark, reason in REASONS.items() if (mark in text if mark != "post.e" else text.endswith(mark)) and normal != "-"), None)
        # Our own forms say nothing about what is none: texts are searched for addresses, and a lax reading is found or not.
        print("\t".join(filter(None, [text.replace("\u0308", "\\u{308}").replace("\\lee", "\\u{5c}lee"), normal, reason])))


sys.exit(main())
