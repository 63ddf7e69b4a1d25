//! The codes of problems in a configuration. They are here because the tables of kinds carry them too.

use super::code::codes;

codes! {
    /// The code of a problem in a configuration, printed as `sindri::config::unknown_key`.
    pub enum ProblemCode {
        AmbiguousFile,
        AmbiguousGpu,
        /// sindri's own API key is in the configuration.
        ApiKey,
        BadAddress,
        /// The text is not the ARN of an ECR repository.
        BadArn,
        BadCommand,
        BadCpuInstance,
        BadImage,
        BadMove,
        BadName,
        BadPath,
        BadPort,
        /// A `${...}` that cannot be read, or a name that no environment variable can have.
        BadVariable,
        BadVcpus,
        BadVersion,
        /// Two fields contradict each other.
        Conflict,
        ControlCharacter,
        CpuOnCommunity,
        CpuWithGpu,
        /// The container disk exceeds what the CPU machine offers.
        DiskLimit,
        DiskSize,
        DuplicateKey,
        DuplicatePort,
        EmptyFile,
        EmptyId,
        EnvironmentRequired,
        /// Few workers, so RunPod does not switch between GPU types by stock.
        FewWorkers,
        GlobalNetworking,
        GpuCount,
        GpuCountInName,
        GpuListInOneText,
        GpuNotInCloud,
        GpuNotInPool,
        /// The mount path hides files of the image.
        HiddenFiles,
        IdleTimeout,
        /// The CPU machine has less memory than requested.
        LessMemory,
        ListInOneText,
        /// A credential is written in the file.
        LiteralCredential,
        /// The environment has a state, and its overlay file is gone.
        LostOverlay,
        MemoryFloor,
        MissingField,
        MissingGpu,
        MissingImage,
        MissingSecrets,
        /// The tag may come to name another image.
        MovingImage,
        NameLength,
        NoConfiguration,
        /// sindri accepts the field and ignores it.
        NoEffect,
        NotInV1,
        /// An optional secret has no value and is omitted.
        OptionalSecret,
        OutOfRange,
        PathWithoutSize,
        Provider,
        PublicIp,
        RegionConflict,
        ReservedVariable,
        /// A scaling rule that RunPod does not accept.
        Scaling,
        SecretOutsideEnv,
        ShortTimeout,
        SpotBid,
        Syntax,
        TemplateVolume,
        TooLarge,
        TooManyGpus,
        TooManyPorts,
        TooManyVariables,
        TwoVolumes,
        UndefinedVariable,
        /// A move leads to an address that is not declared.
        UnknownAddress,
        UnknownAttribute,
        UnknownEnvironment,
        UnknownFlavor,
        UnknownGpu,
        UnknownKey,
        UnknownRegion,
        UnknownRegistry,
        UnknownTemplate,
        UnknownVolume,
        /// The text is not one of the accepted words.
        UnknownWord,
        Unreadable,
        UnreadableDotenv,
        UnreadableSecret,
        Unsupported,
        UnsupportedSource,
        VcpuFloor,
        Version,
        VolumeOnCommunity,
        VolumeOnCpu,
        VolumeRegion,
        VolumeSize,
        WorkerCount,
        WrongType,
        ZeroTimeout,
    }
}
