//! Answers that several server processes share through memcached.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use glance_core::ports::{Token, TokenError, TokenVerifier, Tokens};
use glance_http::keystone::{CacheTime, KeystoneVerifier, MemcachedOptions, MemcachedTls};

use crate::memcached::{Memcached, Process, at, process};
use crate::proxy::Proxy;
use crate::support::{brief_token_of, eventually, project, revoke, token_of, variable};

/// Who the token lets in, by id.
async fn user(verifier: &KeystoneVerifier, token: &Token) -> Result<String, TokenError> {
    let caller = verifier.verify(&Tokens::of_user(token.clone())).await?;
    Ok(caller.user().unwrap().as_str().to_owned())
}

async fn alice() -> Token {
    token_of("alice", project("alpha")).await
}

#[tokio::test]
#[ignore = "needs a Keystone and memcached"]
async fn processes_share_one_validation_and_one_that_starts_finds_it() {
    let (proxy, server) = (Proxy::start().await, Memcached::start().await);
    let memcached = at(&[server.address()]);
    let (one, other) = (
        process(&proxy.url(), &memcached),
        process(&proxy.url(), &memcached),
    );
    let token = alice().await;

    let id = user(&one, &token).await.unwrap();
    let key = server.only_key().await;
    assert_eq!(user(&other, &token).await.unwrap(), id);
    assert_eq!((proxy.count("GET"), proxy.count("POST")), (1, 1));

    let value = server.get(&key).await;
    for hidden in [token.reveal(), &id, "alice"] {
        assert!(!key.contains(hidden));
        let hidden = hidden.as_bytes();
        assert!(!value.windows(hidden.len()).any(|window| window == hidden));
    }

    let url = proxy.url();
    let _start_again = proxy.stop().await;
    drop((one, other));
    assert_eq!(user(&process(&url, &memcached), &token).await.unwrap(), id);
    // Once it has it from there, it needs nobody.
    let third = process(&url, &memcached);
    user(&third, &token).await.unwrap();
    drop(server);
    assert_eq!(user(&third, &token).await.unwrap(), id);
}

#[tokio::test]
#[ignore = "needs a Keystone and memcached"]
async fn of_two_servers_each_has_its_keys_and_one_alone_has_all() {
    let proxy = Proxy::start().await;
    let (first, second) = (Memcached::start().await, Memcached::start().await);
    let here = at(&[first.address(), second.address()]);
    let there = at(&[second.address(), first.address()]);
    let (one, other) = (process(&proxy.url(), &here), process(&proxy.url(), &there));
    let mut tokens = Vec::new();
    for _ in 0..12 {
        tokens.push(alice().await);
    }

    for token in &tokens {
        user(&one, token).await.unwrap();
    }
    let all_are_there =
        async || first.keys().await.len() + second.keys().await.len() == tokens.len();
    eventually(all_are_there).await;
    for token in &tokens {
        user(&other, token).await.unwrap();
    }
    assert_eq!(proxy.count("GET"), tokens.len());
    assert!(!first.keys().await.is_empty() && !second.keys().await.is_empty());

    // What the first one had is asked about again, and goes to the second.
    drop(first);
    let third = process(&proxy.url(), &here);
    for token in &tokens {
        user(&third, token).await.unwrap();
    }
    eventually(async || second.keys().await.len() == tokens.len()).await;
}

#[tokio::test]
#[ignore = "needs a Keystone and memcached"]
async fn a_memcached_that_freezes_delays_one_request_and_is_shared_again_when_it_goes_on() {
    let (proxy, server) = (Proxy::start().await, Memcached::start().await);
    let mut memcached = at(&[server.address()]);
    memcached.deadline = Duration::from_secs(2);
    let (one, other) = (
        process(&proxy.url(), &memcached),
        process(&proxy.url(), &memcached),
    );
    user(&one, &alice().await).await.unwrap();
    server.only_key().await;

    server.freeze();
    let tokens = [alice().await, alice().await];
    let begun = Instant::now();
    user(&one, &tokens[0]).await.unwrap();
    assert!(
        begun.elapsed() >= memcached.deadline,
        "{:?}",
        begun.elapsed()
    );
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    let begun = Instant::now();
    user(&one, &tokens[1]).await.unwrap();
    assert!(
        begun.elapsed() < memcached.deadline,
        "{:?}",
        begun.elapsed()
    );

    server.go_on();
    let asked = proxy.count("GET");
    let mut new = 0;
    let is_shared = async || {
        let token = alice().await;
        user(&one, &token).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        user(&other, &token).await.unwrap();
        new += 2;
        proxy.count("GET") < asked + new
    };
    eventually(is_shared).await;
}

#[tokio::test]
#[ignore = "needs a Keystone and memcached"]
async fn a_memcached_that_is_killed_and_started_anew_refuses_nobody_and_is_shared_again() {
    let (proxy, server) = (Proxy::start().await, Memcached::start().await);
    let memcached = at(&[server.address()]);
    let (one, other) = (
        process(&proxy.url(), &memcached),
        process(&proxy.url(), &memcached),
    );
    user(&one, &alice().await).await.unwrap();
    server.only_key().await;

    // Connections that are open break; new ones do not, so nothing is left alone.
    let port = server.port;
    drop(server);
    let server = Memcached::start_at(port).await;
    let token = alice().await;
    user(&one, &token).await.unwrap();
    server.only_key().await;
    user(&other, &token).await.unwrap();
    assert_eq!(proxy.count("GET"), 2);

    drop(server);
    for _ in 0..3 {
        user(&one, &alice().await).await.unwrap();
    }
    assert_eq!(proxy.count("GET"), 5);

    let server = Memcached::start_at(port).await;
    let is_shared = async || {
        user(&one, &alice().await).await.unwrap();
        !server.keys().await.is_empty()
    };
    eventually(is_shared).await;
}

#[tokio::test]
#[ignore = "needs a Keystone and memcached"]
async fn whoever_writes_to_memcached_lets_nobody_in() {
    let (proxy, server) = (Proxy::start().await, Memcached::start().await);
    let memcached = at(&[server.address()]);
    let (alice, bob) = (alice().await, token_of("bob", project("beta")).await);
    let id = user(&process(&proxy.url(), &memcached), &alice)
        .await
        .unwrap();
    let key = server.only_key().await;
    let good = server.get(&key).await;

    let admin = token_of("admin", project("admin")).await;
    let mut values = vec![Vec::new(), vec![0; 64], good[..good.len() - 1].to_vec()];
    values.push([&good[..], &good[..]].concat());
    values.push({
        let mut changed = good.clone();
        changed[40] ^= 1;
        changed
    });
    // What others gave: bob's and an administrator's, and that of a process with another secret.
    user(&process(&proxy.url(), &memcached), &bob)
        .await
        .unwrap();
    user(&process(&proxy.url(), &memcached), &admin)
        .await
        .unwrap();
    let stranger = Process::default()
        .knowing("other")
        .of(&proxy.url(), &memcached);
    user(&stranger, &alice).await.unwrap();
    eventually(async || server.keys().await.len() == 4).await;
    for other in server.keys().await {
        if other != key {
            values.push(server.get(&other).await);
        }
    }
    assert_eq!(values.len(), 8);

    for value in values {
        server.set(&key, &value).await;
        let asked = proxy.count("GET");
        let process = process(&proxy.url(), &memcached);

        assert_eq!(user(&process, &alice).await.unwrap(), id);

        assert_eq!(proxy.count("GET"), asked + 1, "{}", value.escape_ascii());
        // The next one finds what is right.
        eventually(async || server.get(&key).await != value).await;
    }
    let asked = proxy.count("GET");
    server.set(&key, &good).await;
    assert_eq!(
        user(&process(&proxy.url(), &memcached), &alice)
            .await
            .unwrap(),
        id
    );
    assert_eq!(proxy.count("GET"), asked);
}

#[tokio::test]
#[ignore = "needs a Keystone and memcached"]
async fn an_answer_is_no_longer_good_where_it_was_shared_than_where_it_was_asked_for() {
    let (proxy, server) = (Proxy::start().await, Memcached::start().await);
    let memcached = at(&[server.address()]);
    let token = alice().await;
    user(&process(&proxy.url(), &memcached), &token)
        .await
        .unwrap();
    server.only_key().await;
    revoke(&token).await;
    let at_second = |seconds| {
        Process::default()
            .at_second(seconds)
            .of(&proxy.url(), &memcached)
    };
    let refuses = async |process: &KeystoneVerifier| {
        matches!(user(process, &token).await, Err(TokenError::Invalid))
    };

    // It is believed for 300 seconds.
    let nearly = at_second(295);
    user(&nearly, &token).await.unwrap();
    let then = Instant::now();
    assert_eq!(proxy.count("GET"), 1);
    let (late, early) = (at_second(300), at_second(-60));
    assert!(refuses(&late).await && refuses(&early).await);
    assert_eq!(proxy.count("GET"), 3);

    tokio::time::sleep_until((then + Duration::from_secs(5)).into()).await;
    assert!(refuses(&nearly).await);
}

#[tokio::test]
#[ignore = "needs a Keystone and memcached"]
async fn a_token_that_expired_is_neither_shared_nor_believed() {
    let (proxy, server) = (Proxy::start().await, Memcached::start().await);
    let memcached = at(&[server.address()]);
    let token = alice().await;
    // Remembered for as long as the token lives, which is an hour.
    let process = |seconds| {
        let process = Process::default().remembering(CacheTime::UntilExpiry);
        process.at_second(seconds).of(&proxy.url(), &memcached)
    };
    user(&process(0), &token).await.unwrap();
    let key = server.only_key().await;
    user(&process(3500), &token).await.unwrap();
    assert_eq!(proxy.count("GET"), 1);

    let refused = user(&process(3600), &token).await;

    assert!(matches!(refused, Err(TokenError::Invalid)), "{refused:?}");
    assert_eq!(proxy.count("GET"), 2);
    let good = server.get(&key).await;
    let nova = token_of("nova", project("services")).await;
    let through_nova = Tokens::of_user(brief_expired().await).through_service(Some(nova));
    process(0).verify(&through_nova).await.unwrap();
    // That of nova.
    eventually(async || server.keys().await.len() == 2).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.keys().await.len(), 2);
    assert_eq!(server.get(&key).await, good);
}

async fn brief_expired() -> Token {
    let token = brief_token_of("alice", project("alpha")).await;
    tokio::time::sleep(Duration::from_millis(3500)).await;
    token
}

#[tokio::test]
#[ignore = "needs a Keystone and memcached"]
async fn tokens_that_are_not_valid_and_answers_that_are_not_remembered_are_not_shared() {
    let (proxy, server) = (Proxy::start().await, Memcached::start().await);
    let memcached = at(&[server.address()]);
    let junk = "junk".parse().unwrap();
    let refused = user(&process(&proxy.url(), &memcached), &junk).await;
    assert!(matches!(refused, Err(TokenError::Invalid)), "{refused:?}");
    let process = Process::default().remembering(CacheTime::Never);
    let process = process.of(&proxy.url(), &memcached);
    user(&process, &alice().await).await.unwrap();

    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.keys().await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs a Keystone and memcached"]
async fn connections_are_encrypted_and_servers_that_nobody_vouches_for_get_nothing() {
    let server = variable("GLANCE_TEST_MEMCACHED_TLS");
    let encrypted = |tls| MemcachedOptions {
        tls: Some(tls),
        deadline: Duration::from_secs(2),
        ..at(std::slice::from_ref(&server))
    };
    let path = |name| Some(PathBuf::from(variable(name)));
    let good = MemcachedTls {
        authorities: path("GLANCE_TEST_CA"),
        certificate: path("GLANCE_TEST_MEMCACHED_CERT"),
        key: path("GLANCE_TEST_MEMCACHED_KEY"),
    };
    // Whether a second process finds what the first one was told.
    let is_shared = async |memcached: MemcachedOptions| {
        let proxy = Proxy::start().await;
        let token = alice().await;
        for _ in 0..2 {
            user(&process(&proxy.url(), &memcached), &token)
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        proxy.count("GET") == 1
    };

    assert!(is_shared(encrypted(good.clone())).await);
    let of_the_system = MemcachedTls {
        authorities: None,
        ..good.clone()
    };
    let of_another = MemcachedTls {
        authorities: path("GLANCE_TEST_KEYSTONE_CA"),
        ..good.clone()
    };
    let without_certificate = MemcachedTls {
        certificate: None,
        key: None,
        ..good
    };
    for tls in [of_the_system, of_another, without_certificate] {
        assert!(!is_shared(encrypted(tls.clone())).await, "{tls:?}");
    }
    assert!(!is_shared(at(&[server])).await);
}
