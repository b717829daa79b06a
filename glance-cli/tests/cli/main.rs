//! The `glance` command from outside: its client against its server, each a process of its own.

#[cfg(test)]
mod ceph;
#[cfg(test)]
mod client;
#[cfg(test)]
mod data;
#[cfg(test)]
mod fsck;
#[cfg(test)]
mod help;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod keystone;
#[cfg(test)]
mod metadefs;
#[cfg(test)]
mod metadefs_export;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod server;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod strange;
#[cfg(test)]
mod support;
