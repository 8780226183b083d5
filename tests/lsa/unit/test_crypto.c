/* SPDX-License-Identifier: BSD-2-Clause */
/* Published vectors for everything under vtl1/trustlets/lsaiso/crypto. */
#include "hex.h"

#include <string.h>

#include <sodium.h>

#include "crypto/aes_cts.h"
#include "crypto/enctype.h"
#include "crypto/gss_token.h"
#include "crypto/ntlm.h"
#include "crypto/utf.h"

static struct bytes text(const char *s)
{
    return bytes_of(s, strlen(s));
}

/* RFC 3961 A.1 */
static void n_fold(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"012345", "be072631276b1955"},
        {"password", "78a07b6caf85fa"},
        {"Rough Consensus, and Running Code", "bb6ed30870b7f0e0"},
        {"password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e"},
        {"MASSACHVSETTS INSTITVTE OF TECHNOLOGY",
         "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b"},
        {"Q", "518a54a215a8452a518a54a215a8452a518a54a215"},
        {"ba", "fb25d531ae8974499f52fd92ea9857c4ba24cf297e"},
        {"kerberos", "6b65726265726f73"},
        {"kerberos", "6b65726265726f737b9b5b2b93132b93"},
        {"kerberos", "6b65726265726f737b9b5b2b93132b935c9bdcdad95c9899c4cae4dee6d6cae4"},
    };
    uint8_t out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size = strlen(cases[i].out) / 2;

        krb_n_fold(text(cases[i].in), out, size);
        assert_hex(out, size, cases[i].out);
    }
}

/* RFC 8009 A and RFC 4757; counts outside the allowed range. */
static void string_to_key(void **state)
{
    struct krb_key key;
    uint8_t low[4] = {0, 0, 0, 1};
    uint8_t high[4] = {1, 0, 0, 0};
    uint8_t salt[64];
    size_t salt_size = unhex("10df9dd783e5bc8acea1730e74355f61", salt);

    (void)state;
    memcpy(salt + salt_size, "ATHENA.MIT.EDUraeburn", 21);
    salt_size += 21;
    assert_int_equal(krb_string_to_key(KRB_AES128_SHA256, text("password"),
                                       bytes_of(salt, salt_size), bytes_of(NULL, 0), &key),
                     0);
    assert_hex(key.bytes, key.size, "089bca48b105ea6ea77ca5d2f39dc5e7"); /* RFC 8009 A */
    assert_int_equal(krb_string_to_key(KRB_AES256_SHA384, text("password"),
                                       bytes_of(salt, salt_size), bytes_of(NULL, 0), &key),
                     0);
    assert_hex(key.bytes, key.size,
               "45bd806dbf6a833a9cffc1c94589a222367a79bc21c413718906e9f578a78467");
    assert_int_equal(krb_string_to_key(KRB_RC4, text("foo"), text(""), bytes_of(NULL, 0), &key), 0);
    assert_hex(key.bytes, key.size, "ac8e657f83df82beea5d43bdaf7800cc"); /* RFC 4757 */
    assert_int_equal(
        krb_string_to_key(KRB_AES256_SHA1, text("x"), text("s"), bytes_of(low, 4), &key), -1);
    assert_int_equal(
        krb_string_to_key(KRB_AES256_SHA1, text("x"), text("s"), bytes_of(high, 4), &key), -1);
    assert_int_equal(krb_string_to_key(3, text("x"), text("s"), bytes_of(NULL, 0), &key), -1);
}

/* RFC 3962 B, "chicken teriyaki" */
static void cts(void **state)
{
    static const char plain[] = "I would like the General Gau's Chicken, please, and wonton soup.";
    static const struct {
        size_t size;
        const char *out;
    } cases[] = {
        {17, "c6353568f2bf8cb4d8a580362da7ff7f97"},
        {31, "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"},
        {32, "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"},
        {47, "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e"
             "39312523a78662d5be7fcbcc98ebf5"},
        {48, "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd8"
             "39312523a78662d5be7fcbcc98ebf5a8"},
        {64, "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a8"
             "4807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8"},
    };
    uint8_t data[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(data, plain, cases[i].size);
        aes_cts_encrypt((const uint8_t *)"chicken teriyaki", 16, data, cases[i].size);
        assert_hex(data, cases[i].size, cases[i].out);
        aes_cts_decrypt((const uint8_t *)"chicken teriyaki", 16, data, cases[i].size);
        assert_memory_equal(data, plain, cases[i].size);
    }
}

static const struct {
    int32_t enctype;
    uint32_t usage;
    const char *key, *plain, *cipher;
} sealed[] = {
    /* MIT's known answers for RFC 3962 and RFC 4757. */
    {18, 0, "17f275f2954f2ed1f90c377ba7f4d6a369aa0136e0bf0c927ad6133c693759a9", "",
     "e5094c55ee7b38262e2b044280b069379a95bf95bd8376fb3281b435"},
    {18, 2, "b1ae4cd8462aff1677053cc9279aac30b796fb81ce21474dd3ddbcfea4ec76d7", "9 bytesss",
     "09957aa25fcaf88f7b39e4406e633012d5fea21853f6478da7065caef41fd454a40824eec5"},
    {17, 0, "5a5c0f0ba54f3828b2195e66ca24a289", "",
     "49ff8e11c173d9583a3254fbe7b1f1df36c538e8416784a1672e6676"},
    {17, 1, "98450e3f3baa13f5c99beb936981b06f", "1",
     "f86742f537b35dc2174a4dbaa920faf9042090b065e1ebb1cad9a65394"},
    {17, 4, "dceeb70b3de76562e689226c76429148", "30 bytes bytes bytes bytes byt",
     "c96081032d5d8eeb7e32b4089f789d0faa481dea74c0f97cbf3146ddfcf8e800"
     "156ecb532fc203e30ff600b63b350939fece510f02d7ff1e7bac"},
    {23, 0, "f81fec39255f5784e850c4377c88bd85", "",
     "02c1eb15586144122ec717763dd348bf00434ddc6585954c"},
    {23, 1, "67d1300d281223867f9647ff48721273", "1",
     "6156e0cc04e0a0874f9fda008f498a7adbbc80b70b14dddbc0"},
    {23, 3, "4ba2fbf0379faed87a254d3b353d5a7e", "13 bytes byte",
     "612c57568b17a70352bae8cf26fb9459a6f3353cd35fd439db3107cbec765d326dfc04c1dd"},
    /* RFC 8009 A, empty plaintext */
    {19, 2, "3705d96080c17728a0e800eab6e0d23c", "",
     "ef85fb890bb8472f4dab20394dca781dad877eda39d50c870c0d5a0a8e48c718"},
    {20, 2, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52", "",
     "41f53fa5bfe7026d91faf9be959195a058707273a96a40f0a01960621ac612748b9bbfbe7eb4ce3c"},
};

static void decrypt_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sealed) / sizeof(sealed[0]); i++) {
        struct krb_key key = {.enctype = sealed[i].enctype};
        uint8_t cipher[256];
        uint8_t plain[256];
        size_t cipher_size = unhex(sealed[i].cipher, cipher);
        size_t size = 0;

        key.size = (uint32_t)unhex(sealed[i].key, key.bytes);
        assert_int_equal(
            krb_decrypt(&key, sealed[i].usage, bytes_of(cipher, cipher_size), plain, &size), 0);
        assert_int_equal(size, strlen(sealed[i].plain));
        assert_memory_equal(plain, sealed[i].plain, size);
        for (size_t at = 0; at < cipher_size; at++) {
            cipher[at] ^= 0x40;
            assert_int_equal(
                krb_decrypt(&key, sealed[i].usage, bytes_of(cipher, cipher_size), plain, &size),
                -1);
            cipher[at] ^= 0x40;
        }
        for (size_t cut = 0; cut < cipher_size; cut++)
            assert_int_equal(
                krb_decrypt(&key, sealed[i].usage, bytes_of(cipher, cut), plain, &size), -1);
    }
}

static void encrypt_and_back(void **state)
{
    static const int32_t all[] = {17, 18, 19, 20, 23};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        for (size_t size = 0; size < 70; size++) {
            struct krb_key key;
            uint8_t plain[70];
            uint8_t cipher[70 + KRB_OVERHEAD_MAX];
            uint8_t back[sizeof(cipher)];
            size_t cipher_size = 0;
            size_t back_size = 0;

            krb_random_key(all[i], &key);
            randombytes_buf(plain, sizeof(plain));
            assert_int_equal(krb_encrypt(&key, 11, (struct bytes[]){bytes_of(plain, size)}, 1,
                                         cipher, &cipher_size),
                             0);
            assert_int_equal(cipher_size, size + krb_overhead(all[i]));
            assert_int_equal(krb_decrypt(&key, 11, bytes_of(cipher, cipher_size), back, &back_size),
                             0);
            assert_int_equal(back_size, size);
            assert_memory_equal(back, plain, size);
            /* Another usage is another key. */
            assert_int_equal(krb_decrypt(&key, 12, bytes_of(cipher, cipher_size), back, &back_size),
                             -1);
        }
}

static void checksums(void **state)
{
    static const struct {
        int32_t enctype;
        uint32_t usage;
        const char *key, *data, *sum;
    } cases[] = {
        {17, 3, "9062430c8cda3388922e6d6a509f5b7a", "eight nine ten eleven twelve thirteen",
         "01a4b088d45628f6946614e3"},
        {18, 4, "b1ae4cd8462aff1677053cc9279aac30b796fb81ce21474dd3ddbcfea4ec76d7", "fourteen",
         "e08739e3279e2903ec8e3836"},
        {23, 6, "f7d3a155af5e238a0b7a871a96ba2ab2", "seventeen eighteen nineteen twenty",
         "eb38cc97e2230f59da4117dc5859d7ec"},
    };
    uint8_t counting[21];
    struct krb_key key = {.enctype = 19};
    uint8_t sum[KRB_CHECKSUM_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct krb_key k = {.enctype = cases[i].enctype};
        struct bytes data = text(cases[i].data);

        k.size = (uint32_t)unhex(cases[i].key, k.bytes);
        assert_int_equal(krb_checksum(&k, cases[i].usage, &data, 1, sum), 0);
        assert_hex(sum, krb_checksum_size(k.enctype), cases[i].sum);
    }
    /* RFC 8009 A */
    for (size_t i = 0; i < sizeof(counting); i++)
        counting[i] = (uint8_t)i;
    key.size = (uint32_t)unhex("3705d96080c17728a0e800eab6e0d23c", key.bytes);
    assert_int_equal(krb_checksum(&key, 2, (struct bytes[]){bytes_of(counting, 21)}, 1, sum), 0);
    assert_hex(sum, 16, "d78367186643d67b411cba9139fc1dee");
    key.enctype = 20;
    key.size = (uint32_t)unhex("6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52",
                               key.bytes);
    assert_int_equal(krb_checksum(&key, 2, (struct bytes[]){bytes_of(counting, 21)}, 1, sum), 0);
    assert_hex(sum, 24, "45ee791567eefca37f4ac1e0222de80d43c3bfa06699672a");
}

static void gss_pair(struct gss_keys *client, struct gss_keys *server, int32_t enctype)
{
    memset(client, 0, sizeof(*client));
    krb_random_key(enctype, &client->initiator);
    krb_random_key(enctype, &client->acceptor);
    client->has_acceptor_key = 1;
    client->is_initiator = 1;
    *server = *client;
    server->is_initiator = 0;
    client->receive.next = server->send_sequence = 77;
    server->receive.next = client->send_sequence = 1000;
}

static void wrap_round_trip(struct gss_keys *client, struct gss_keys *server, int seal)
{
    uint8_t token[200 + GSS_WRAP_OVERHEAD];
    uint8_t out[sizeof(token)];
    size_t size = 0;
    size_t out_size = 0;
    int sealed_flag = -1;
    enum gss_order order = GSS_ORDER_OLD;
    struct bytes message = text("attack at dawn, or a little later");

    assert_int_equal(gss_wrap(client, seal, message, token, &size), 0);
    assert_int_equal(gss_wrap_limit(client, seal, size), message.size);
    for (size_t i = 0; i < size; i++) {
        token[i] ^= 1;
        /* The rotation count is the one field nothing protects: it only says how to read. */
        if (i != 6 && i != 7)
            assert_int_equal(
                gss_unwrap(server, bytes_of(token, size), out, &out_size, &sealed_flag, &order),
                -1);
        token[i] ^= 1;
    }
    /* Rotate right by 5 as other peers do. */
    for (int r = 0; r < 5; r++) {
        uint8_t last = token[size - 1];

        memmove(token + GSS_TOKEN_HEADER + 1, token + GSS_TOKEN_HEADER,
                size - GSS_TOKEN_HEADER - 1);
        token[GSS_TOKEN_HEADER] = last;
    }
    token[7] = 5;
    assert_int_equal(
        gss_unwrap(server, bytes_of(token, size), out, &out_size, &sealed_flag, &order), 0);
    assert_int_equal(order, GSS_ORDER_OK);
    assert_int_equal(sealed_flag, seal);
    assert_int_equal(out_size, message.size);
    assert_memory_equal(out, message.data, message.size);
    assert_int_equal(
        gss_unwrap(server, bytes_of(token, size), out, &out_size, &sealed_flag, &order), 0);
    assert_int_equal(order, GSS_ORDER_DUPLICATE);
    /* Reflected to its sender. */
    assert_int_equal(
        gss_unwrap(client, bytes_of(token, size), out, &out_size, &sealed_flag, &order), -1);
}

static void gss_messages(void **state)
{
    static const int32_t all[] = {17, 18, 19, 20};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct gss_keys client, server;
        uint8_t mic[GSS_TOKEN_HEADER + KRB_CHECKSUM_MAX];
        size_t size = 0;
        enum gss_order order = GSS_ORDER_OLD;

        gss_pair(&client, &server, all[i]);
        wrap_round_trip(&client, &server, 1);
        wrap_round_trip(&client, &server, 0);
        assert_int_equal(gss_get_mic(&server, text("signed"), mic, &size), 0);
        assert_int_equal(gss_verify_mic(&client, text("singed"), bytes_of(mic, size), &order), -1);
        assert_int_equal(gss_verify_mic(&client, text("signed"), bytes_of(mic, size), &order), 0);
        assert_int_equal(order, GSS_ORDER_OK);
    }
}

static void order_window(void **state)
{
    struct gss_window w = {.next = 10};

    (void)state;
    assert_int_equal(gss_window_check(&w, 10), GSS_ORDER_OK);
    assert_int_equal(gss_window_check(&w, 13), GSS_ORDER_GAP);
    assert_int_equal(gss_window_check(&w, 12), GSS_ORDER_UNSEQUENCED);
    assert_int_equal(gss_window_check(&w, 12), GSS_ORDER_DUPLICATE);
    assert_int_equal(gss_window_check(&w, 13), GSS_ORDER_DUPLICATE);
    assert_int_equal(gss_window_check(&w, 11), GSS_ORDER_UNSEQUENCED);
    assert_int_equal(gss_window_check(&w, 500), GSS_ORDER_GAP);
    assert_int_equal(gss_window_check(&w, 400), GSS_ORDER_OLD);
    assert_int_equal(gss_window_check(&w, 501), GSS_ORDER_OK);
}

/* MS-NLMP 4.2.4 */
static void ntlm_vectors(void **state)
{
    uint8_t hash[16], owf[16], out[512], session[16], random[16], wrapped[16];
    uint8_t challenge[8], client[8];
    uint8_t av[64];
    size_t av_size = unhex("02000c0044006f006d00610069006e00"
                           "01000c0053006500720076006500720000000000",
                           av);

    (void)state;
    unhex("0123456789abcdef", challenge);
    memset(client, 0xaa, sizeof(client));
    assert_int_equal(krb_nt_hash(text("Password"), hash), 0);
    assert_hex(hash, 16, "a4f49c406510bdcab6824ee7c30fd852");
    assert_int_equal(ntlm_owf_v2(hash, text("User"), text("Domain"), owf), 0);
    assert_hex(owf, 16, "0c868a403bfd7a93a3001ef22ef02e3f");
    assert_int_equal(
        ntlm_response_v2(owf, challenge, client, 0, bytes_of(av, av_size), out, session), 84);
    assert_hex(out, 16, "68cd0ab851e51c96aabc927bebef6a1c");
    assert_hex(session, 16, "8de40ccadbc14a82f15cb0ad0de95ca3");
    memset(random, 0x55, sizeof(random));
    ntlm_encrypt_key(session, random, wrapped);
    assert_hex(wrapped, 16, "c5dad2544fc9799094ce1ce90bc9d03e");
}

/* MS-NLMP 4.2.4.4: GSS_WrapEx of "Plaintext" with the keys above. */
static void ntlm_sealing(void **state)
{
    struct ntlm_direction d, peer;
    uint8_t exported[16];
    uint8_t message[18];
    uint8_t signature[16];

    (void)state;
    memset(exported, 0x55, sizeof(exported));
    assert_int_equal(utf8_to_utf16le(text("Plaintext"), message), 18);
    ntlm_direction_init(&d, exported, 1, 1);
    ntlm_direction_init(&peer, exported, 1, 1);
    ntlm_seal(&d, message, sizeof(message), signature);
    assert_hex(message, 18, "54e50165bf1936dc996020c1811b0f06fb5f");
    assert_hex(signature, 16, "010000007fb38ec5c55d497600000000");
    assert_int_equal(ntlm_unseal(&peer, message, sizeof(message), signature), 0);
    assert_memory_equal(message, "P\0l\0a\0", 6);
}

static void text_conversion(void **state)
{
    uint8_t out[64];

    (void)state;
    assert_int_equal(utf8_to_utf16le_upper(text("j\xc3\xb6rg\xd1\x8f"), out), 10);
    assert_hex(out, 10, "4a00d600520047002f04");
    assert_int_equal(utf8_to_utf16le(text("\xf0\x9f\x98\x80"), out), 4);
    assert_hex(out, 4, "3dd800de");
    assert_int_equal(utf8_to_utf16le(text("\xc0\x80"), out), -1);
    assert_int_equal(utf8_to_utf16le(text("\xed\xa0\x80"), out), -1);
    assert_int_equal(utf8_to_utf16le(text("\xe2\x82"), out), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(n_fold),
        cmocka_unit_test(string_to_key),
        cmocka_unit_test(cts),
        cmocka_unit_test(decrypt_known),
        cmocka_unit_test(encrypt_and_back),
        cmocka_unit_test(checksums),
        cmocka_unit_test(gss_messages),
        cmocka_unit_test(order_window),
        cmocka_unit_test(ntlm_vectors),
        cmocka_unit_test(ntlm_sealing),
        cmocka_unit_test(text_conversion),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
