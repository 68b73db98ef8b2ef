//! Stories for the rules: small captures written by hand, told as what each host sends.
