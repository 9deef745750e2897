package release

import "testing"

func TestRedact(t *testing.T) {
	tests := map[string]string{
		"nothing to hide": "nothing to hide",
		"connect to jdbc:postgresql://ann:hunter2@db:5432/x":             "connect to jdbc:postgresql://••••@db:5432/x",
		"https://token@example.com/a":                                    "https://••••@example.com/a",
		"https://example.com/a@b":                                        "https://example.com/a@b",
		"database.password = hunter2, user = ann":                        "database.password = ••••, user = ann",
		"jdbc:x?user=ann&password=hunter2&ssl=true":                      "jdbc:x?user=ann&password=••••&ssl=true",
		`{"db.password": "hunter2 and \" more", "a": 1}`:                 `{"db.password": ••••, "a": 1}`,
		"password='hunter 2' x":                                          "password=•••• x",
		`sasl.jaas.config=org.x.Login required password="p";`:            `sasl.jaas.config=•••• required password=••••;`,
		"Authorization: Bearer abcdefgh.ijk-lmn":                         "Authorization: Bearer ••••",
		"Authorization: Basic YW5uOmh1bnRlcjI=":                          "Authorization: Basic ••••",
		"aws_secret_access_key=abc":                                      "aws_secret_access_key=••••",
		"password=${file:/secrets/a.properties:password}":                "password=${file:/secrets/a.properties:password}",
		"password=${DB_PASSWORD}":                                        "password=••••",
		"-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nx": "••••\nx",
		"-----BEGIN RSA PRIVATE KEY-----\nabc":                           "••••",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			if got := Redact(text); got != want {
				t.Errorf("Redact(%q) = %q, want %q", text, got, want)
			}
		})
	}
}

func TestRelease_Redacted(t *testing.T) {
	tests := map[string]struct{ pointer, value, want string }{
		"a secret-like key hides its value":          {"/config/connection.password", "hunter2", "••••"},
		"upper case too":                             {"/spec/trial/services/db/env/POSTGRES_PASSWORD", "hunter2", "••••"},
		"an answer of a config provider in a trial":  {"/spec/trial/secrets/file:~1a:user", "ann", "••••"},
		"a reference stays":                          {"/config/connection.password", "${file:/a:b}", "${file:/a:b}"},
		"several references stay":                    {"/config/basic.auth.user.info", "${file:/a:b}:x", "••••"},
		"two references stay":                        {"/config/db.password", "${file:/a:b}${file:/a:c}", "${file:/a:b}${file:/a:c}"},
		"an address loses its login":                 {"/config/connection.url", "jdbc:x://a:b@c", "jdbc:x://••••@c"},
		"an ordinary value stays":                    {"/spec/ring", "2", "2"},
		"nothing stays nothing":                      {"/config/connection.password", "", ""},
		"a class whose name has a key in it is seen": {"/config/key.converter", "org.x.Json", "org.x.Json"},
		"a whole login module is hidden":             {"/runtime/worker/sasl.jaas.config", `x required password="${file:/a:b}";`, "••••"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := new(Release).Redacted(test.pointer, test.value); got != test.want {
				t.Errorf("Redacted(%q, %q) = %q, want %q", test.pointer, test.value, got, test.want)
			}
		})
	}
}
