//! Stable codes of errors and refusals. Tools match on them, so a code never changes once it is released.

/// Defines a family of codes as an enum. The text of a code is the name of its variant in snake case, or its
/// `#[serde(rename)]`: in JSON, in stored plans and through `Display`. `ALL` lists the family.
macro_rules! codes {
    ($(#[$about:meta])* $visible:vis enum $name:ident { $($(#[$detail:meta])* $code:ident,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        $visible enum $name {
            $($(#[$detail])* $code,)+
        }

        impl $name {
            /// Every code of the family.
            pub const ALL: &[Self] = &[$(Self::$code),+];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                serde::Serialize::serialize(self, formatter)
            }
        }
    };
}

pub(crate) use codes;

#[cfg(test)]
mod tests {
    codes! {
        enum Sample {
            NotInV1,
            #[serde(rename = "renamed_code")]
            Other,
        }
    }

    #[test]
    fn a_code_has_one_text_everywhere() {
        for (code, text) in Sample::ALL.iter().zip(["not_in_v1", "renamed_code"]) {
            assert_eq!(code.to_string(), text);
            assert_eq!(serde_json::to_value(code).unwrap(), text);
            assert_eq!(serde_json::from_value::<Sample>(text.into()).unwrap(), *code);
        }
        assert_eq!(Sample::ALL, [Sample::NotInV1, Sample::Other]);
        assert!(serde_json::from_value::<Sample>("other".into()).is_err());
    }
}
