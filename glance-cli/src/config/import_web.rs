//! From settings to what imports may read from the web.

use glance_core::domain::{UriFilter, UriFilterOptions};
use glance_stores::{HttpSourceOptions, Network};

use super::error::ConfigError;
use super::read::Reader;

impl Reader<'_> {
    /// `[import_filtering_opts]`, and the hosts and networks of this site that may be asked.
    pub(super) fn import_web(&self) -> Result<HttpSourceOptions, ConfigError> {
        let list = |option| self.settings.list(GROUP, option);
        let filter = UriFilterOptions {
            allowed_schemes: list("allowed_schemes")?,
            disallowed_schemes: list("disallowed_schemes")?,
            allowed_hosts: self.filtered_hosts("allowed_hosts")?,
            disallowed_hosts: self.filtered_hosts("disallowed_hosts")?,
            allowed_ports: self.filtered_ports("allowed_ports")?,
            disallowed_ports: self.filtered_ports("disallowed_ports")?,
        };
        // Each host has been looked at by itself.
        let filter =
            UriFilter::new(filter).map_err(|error| self.no_host("allowed_hosts", &error.host))?;
        let mut options = HttpSourceOptions::new(filter);
        for host in self.settings.list("glance_rs", "import_allowed_hosts")? {
            match host.parse::<Network>() {
                Ok(network) => options.networks.push(network),
                Err(_) => options.hosts.push(host),
            }
        }
        Ok(options)
    }

    fn filtered_hosts(&self, option: &str) -> Result<Vec<String>, ConfigError> {
        let hosts = self.settings.list(GROUP, option)?;
        for host in &hosts {
            let alone = UriFilterOptions {
                allowed_hosts: vec![host.clone()],
                ..UriFilterOptions::default()
            };
            UriFilter::new(alone).map_err(|_| self.no_host(option, host))?;
        }
        Ok(hosts)
    }

    fn no_host(&self, option: &str, host: &str) -> ConfigError {
        let allowed = "a list of hosts as they stand in URIs, without scheme or port";
        self.settings.invalid(GROUP, option, host, allowed)
    }

    fn filtered_ports(&self, option: &str) -> Result<Vec<u16>, ConfigError> {
        let ports = self.settings.list(GROUP, option)?;
        let parsed = ports.iter().map(|port| {
            port.parse().map_err(|_| {
                let allowed = "a list of ports like `[80,443]`";
                self.settings.invalid(GROUP, option, port, allowed)
            })
        });
        parsed.collect()
    }
}

const GROUP: &str = "import_filtering_opts";

#[cfg(test)]
mod tests {
    use super::super::tests::{config, failure};
    use super::*;

    #[test]
    fn by_default_the_filter_is_upstreams() {
        let default = UriFilter::new(UriFilterOptions::default()).unwrap();
        assert_eq!(config("").import.web.filter, default);
    }

    #[test]
    fn the_lists_are_read() {
        let web = config(
            "[import_filtering_opts]\nallowed_ports = [8080]\ndisallowed_hosts = [a.example]\n\
             [glance_rs]\nimport_allowed_hosts = mirror.example,10.0.0.0/8\n",
        )
        .import
        .web;

        assert!(web.filter.check("http://b.example:8080/").is_ok());
        assert!(web.filter.check("http://a.example:8080/").is_err());
        assert!(web.filter.check("http://b.example/").is_err());
        assert_eq!(web.hosts, ["mirror.example"]);
        assert_eq!(web.networks, ["10.0.0.0/8".parse().unwrap()]);
    }

    #[test]
    fn what_is_no_host_or_port_is_refused_by_its_place() {
        for (line, value) in [
            ("disallowed_hosts = [http://a]", "`http://a`"),
            ("allowed_ports = [http]", "`http`"),
        ] {
            let error = failure(&format!("[import_filtering_opts]\n{line}\n"));
            assert!(error.contains(value) && error.contains("line 4"), "{error}");
        }
    }
}
