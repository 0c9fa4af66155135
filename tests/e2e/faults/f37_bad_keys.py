"""F37: signatures that do not fit, keys of low order, encodings that are not canonical, ids that are somebody else's."""

from fault import fault

NAMES = "HostCrypto.*:EdwardsMap.*:*/Sealing.*:Certificate.*:QuicPair.*without_a_good_certificate:SealedIdentity.*"
CORE = ("*BadStores*:ValueServerTest.refuses_what_is_old_forged_or_without_a_token:*Handshake*:*Record*:SealedItems.*:"
        "ServiceWatchTest.ignores_and_counts_what_is_forged_foreign_or_broken:TlsIdentity.*")


@fault("F37", "vectors of bad signatures, keys of low order, encodings that are not canonical, identities that do not match",
       gate=False, unit_tests=("sov_unit_outer_tests", "sov_unit_tests"))
def run(bench):
    keys, core = bench.unit_tests(NAMES), bench.unit_tests(CORE, "sov_unit_tests")
    return (f"{keys} unit tests with vectors of keys and signatures: refused; {core} unit tests of handshakes and records, where who sends "
            "a record that it can't have checked loses its standing")
