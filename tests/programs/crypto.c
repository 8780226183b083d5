/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenSSL's library at work: digests, signatures, and a TLS connection whose two ends are both
 * here. All that is printed is the same in each run.
 */
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static void print_hex(const char *name, const unsigned char *bytes, size_t size)
{
    printf("%s ", name);
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    puts("");
}

static void digests(void)
{
    static unsigned char data[1 << 20];
    const char *const names[] = {"SHA256", "SHA512", "SHA3-256", "BLAKE2b512", "MD5"};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)(i * 31 + i / 4096);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (EVP_Digest(data, sizeof(data), digest, &size, EVP_get_digestbyname(names[i]), NULL))
            print_hex(names[i], digest, size);
}

static void encryption(void)
{
    unsigned char key[32] = "a key of thirty-two bytes, as it", iv[12] = "twelve bytes", tag[16];
    unsigned char plain[] = "attack at dawn", sealed[64], back[64];
    int size = 0, more = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, iv);
    EVP_EncryptUpdate(c, sealed, &size, plain, sizeof(plain));
    EVP_EncryptFinal_ex(c, sealed + size, &more);
    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, tag);
    print_hex("AES-GCM", sealed, (size_t)size);
    print_hex("tag", tag, sizeof(tag));
    for (int spoilt = 0; spoilt < 2; spoilt++) {
        sealed[3] ^= (unsigned char)spoilt;
        EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, iv);
        EVP_DecryptUpdate(c, back, &size, sealed, sizeof(plain));
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, 16, tag);
        printf("opens %d\n", EVP_DecryptFinal_ex(c, back + size, &more));
    }
    EVP_CIPHER_CTX_free(c);
}

/* Ed25519 signs without chance. */
static void signatures(void)
{
    unsigned char seed[32] = "thirty-two bytes of no secret...", signature[64];
    const unsigned char text[] = "signed text";
    size_t size = sizeof(signature);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_DigestSignInit(c, NULL, NULL, NULL, key);
    EVP_DigestSign(c, signature, &size, text, sizeof(text));
    print_hex("Ed25519", signature, size);
    EVP_MD_CTX_reset(c);
    EVP_DigestVerifyInit(c, NULL, NULL, NULL, key);
    printf("verifies %d\n", EVP_DigestVerify(c, signature, size, text, sizeof(text)));
    signature[5] ^= 1;
    EVP_MD_CTX_reset(c);
    EVP_DigestVerifyInit(c, NULL, NULL, NULL, key);
    printf("verifies %d\n", EVP_DigestVerify(c, signature, size, text, sizeof(text)));
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
}

static X509 *certify(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"here", -1, -1, 0);
    X509_set_issuer_name(x, name);
    return X509_sign(x, key, EVP_sha256()) ? x : NULL;
}

/* The two ends take turns until neither wants anything more. */
static int shake_hands(SSL *client, SSL *server)
{
    for (int i = 0; i < 10; i++) {
        int c = SSL_do_handshake(client), s = SSL_do_handshake(server);
        if (c == 1 && s == 1)
            return 1;
    }
    return 0;
}

static void connection(int version)
{
    char bytes[64] = "";
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = certify(key);
    SSL_CTX *at_server = SSL_CTX_new(TLS_server_method()),
            *at_client = SSL_CTX_new(TLS_client_method());
    SSL_CTX_use_certificate(at_server, certificate);
    SSL_CTX_use_PrivateKey(at_server, key);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(at_client), certificate);
    SSL_CTX_set_verify(at_client, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_max_proto_version(at_client, version);
    SSL *client = SSL_new(at_client), *server = SSL_new(at_server);
    BIO *one = NULL, *other = NULL;
    BIO_new_bio_pair(&one, 0, &other, 0);
    SSL_set_bio(client, one, one);
    SSL_set_bio(server, other, other);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    int shaken = shake_hands(client, server);
    printf("handshake %d %s %s\n", shaken, SSL_get_version(client), SSL_get_cipher(client));
    printf("verified %ld\n", SSL_get_verify_result(client));
    SSL_write(client, "GET /", 5);
    int got = SSL_read(server, bytes, sizeof(bytes));
    printf("server got %d: %.5s\n", got, bytes);
    SSL_write(server, "200 OK", 6);
    got = SSL_read(client, bytes, sizeof(bytes));
    printf("client got %d: %.6s\n", got, bytes);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(at_client);
    SSL_CTX_free(at_server);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* Made here, so that it is another each time: that it works is what is printed. */
static void made_keys(void)
{
    unsigned char signature[512];
    size_t size = sizeof(signature);
    const unsigned char text[] = "text";
    EVP_PKEY *key = EVP_RSA_gen(1024);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key);
    printf("RSA signs %d\n", EVP_DigestSign(c, signature, &size, text, sizeof(text)));
    EVP_MD_CTX_reset(c);
    EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key);
    printf("RSA verifies %d\n", EVP_DigestVerify(c, signature, size, text, sizeof(text)));
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
}

int main(void)
{
    digests();
    encryption();
    signatures();
    made_keys();
    connection(TLS1_3_VERSION);
    connection(TLS1_2_VERSION);
    return 0;
}
